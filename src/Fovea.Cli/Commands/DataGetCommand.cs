using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data.Datasets;
using Fovea.Data.Downloads;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea data get NAME</c>: downloads a dataset; a broken download goes on where it stopped.</summary>
internal static class DataGetCommand
{
    private const long ReportEvery = 1 << 20;

    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string> name = new("NAME") { Description = $"Dataset: {string.Join(", ", DownloadCatalogue.Names)}" };
        Option<string> data = Make.TextOr("--data", "DIR", "data",
            "Where datasets lie; a folder of the dataset's name is made in it");
        Command command = new("get", "Download a dataset; an interrupted download goes on where it stopped.") { name,
            data };
        command.SetAction(parsed =>
        {
            string dataset = parsed.GetRequiredValue(name);
            IReadOnlyList<RemoteFile> files = DownloadCatalogue.Files(dataset);
            string directory = Path.Combine(parsed.GetRequiredValue(data), DatasetCatalogue.Canonical(dataset));
            Get(files, directory, terminal, stop).GetAwaiter().GetResult();
            terminal.Output.WriteLine(
                $"{DatasetCatalogue.Canonical(dataset)} lies in {directory}: fovea train --dataset "
                    + $"{DatasetCatalogue.Canonical(dataset)} --data {directory}");
            return ExitCode.Success;
        });
        return command;
    }

    private static async Task Get(IReadOnlyList<RemoteFile> files, string directory, Terminal terminal,
        CancellationToken stop)
    {
        using HttpClient client = new();
        Downloader downloader = new(client);
        foreach (RemoteFile file in files)
        {
            bool isNew = await downloader.FetchAsync(file, directory, Progress(file, terminal), stop)
                .ConfigureAwait(false);
            string state = isNew ? "checked" : "already there";
            string line = $"{file.Name}: {Phrases.Count(file.Bytes)} bytes, {state}";
            if (terminal.IsInteractive) terminal.Overwrite("");
            terminal.Output.WriteLine(terminal.IsInteractive ? line + "          " : line);
        }
    }

    /// <summary>A line that is written over, where somebody watches.</summary>
    private static Action<long>? Progress(RemoteFile file, Terminal terminal)
    {
        if (!terminal.IsInteractive) return null;
        long shown = 0;
        return done =>
        {
            if (done - shown < ReportEvery && done < file.Bytes) return;
            shown = done;
            terminal.Overwrite(
                $"{file.Name}: {Phrases.Percent((double)done / file.Bytes)} of {ByteSize.Text(file.Bytes)}   ");
        };
    }
}

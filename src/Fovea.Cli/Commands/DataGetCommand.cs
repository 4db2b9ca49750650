using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Data.Datasets;
using Fovea.Data.Downloads;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea data get NAME</c>: downloads a dataset; a broken download goes on where it stopped.</summary>
internal static class DataGetCommand
{
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
        using HttpClient client = Downloader.CreateClient();
        Downloader downloader = new(client);
        foreach (RemoteFile file in files)
        {
            using FetchLine line = new(file.Name, terminal);
            DownloadedFile got = await downloader.FetchAsync(file, directory, line.Show, line.Say, stop)
                .ConfigureAwait(false);
            line.End($"{file.Name}: {Phrases.Count(got.Bytes)} bytes, {(got.IsNew ? "checked" : "already there")}");
        }
    }
}

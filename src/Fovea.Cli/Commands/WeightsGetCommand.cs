using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Pretrained;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea weights get NAME...</c>: fetches published weights into the cache; a broken download goes on where
/// it stopped.</summary>
internal static class WeightsGetCommand
{
    public static Command Create(Terminal terminal, CancellationToken stop)
    {
        Argument<string[]> names = new("NAME")
        {
            Description = "Names of weights, or of models; 'fovea weights list' has them",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("get",
            "Fetch published weights, verify and keep them; an interrupted download goes on where it stopped.")
        {
            names, json,
        };
        command.SetAction(parsed =>
        {
            WeightsCache cache = WeightsCache.OfUser();
            ListedWeights[] entries = [.. parsed.GetRequiredValue(names).Select(cache.List.Require).Distinct()];
            List<object> got = [];
            bool isJson = parsed.GetValue(json);
            foreach (ListedWeights entry in entries)
            {
                (string path, WeightsOrigin origin, bool isNew) =
                    PublishedFiles.Get(cache, entry, terminal, isSilent: isJson, stop);
                got.Add(new { entry.Name, Path = path, isNew, origin.Bytes, origin.Sha256, origin.KnownBy });
                if (isJson) continue;
                terminal.Output.WriteLine(
                    $"{entry.Name}: {Phrases.Count(origin.Bytes)} bytes, {(isNew ? "fetched" : "already here")}, "
                        + "SHA-256 "
                        + $"{WeightsShowCommand.Known(origin)}, {PublishedFiles.Licence(entry)}");
                terminal.Output.WriteLine($"{path}: fovea finetune {entry.Name} --data DIR");
            }

            if (isJson) terminal.Output.Document(new { Weights = got });
            return ExitCode.Success;
        });
        return command;
    }
}

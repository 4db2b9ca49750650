using Fovea.Cli.Options;
using Fovea.Core.Formats;
using Fovea.Training.Runs;

namespace Fovea.Cli.Display;

/// <summary>The lines of <c>metrics.jsonl</c> as they are written; warnings go to the other stream.</summary>
internal sealed class JsonDisplay(TextWriter output, TextWriter error) : IRunDisplay
{
    /// <summary>The beginning of a warning.</summary>
    public const string Warning = "fovea: warning: ";

    public void Show(Func<RunSummary> run) => run();

    public void Warned(string message) => error.WriteLine($"{Warning}{OptionNames.Of(message)}");

    public void Logged(RunEvent entry) => output.WriteLine(JsonText.Line(entry));
}

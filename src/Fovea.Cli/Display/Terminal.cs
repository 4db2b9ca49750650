using Spectre.Console;

namespace Fovea.Cli.Display;

/// <summary>The writers of a command.</summary>
/// <param name="Output">Results.</param>
/// <param name="Error">The writer of errors.</param>
/// <param name="IsInteractive">Somebody watches, and lines can be redrawn.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, bool IsInteractive)
{
    private readonly TextWriter _output = Output;

    /// <summary>The writer of results.</summary>
    public TextWriter Output { get; } = new PrintableWriter(Output);

    /// <summary>The writer of errors.</summary>
    public TextWriter Error { get; } = new PrintableWriter(Error);

    /// <summary>Opens standard input.</summary>
    public Func<Stream> Input { get; init; } = StandardStreams.OpenInput;

    /// <summary>The command, as it can be typed again.</summary>
    public string Typed { get; init; } = "";

    /// <summary>Sentences about options that were typed, are those of other programs and change nothing.</summary>
    public IReadOnlyList<string> Idle { get; init; } = [];

    private const int WidthOfFiles = short.MaxValue;

    /// <summary>Results with colours and tables where the terminal can.</summary>
    public IAnsiConsole Console { get; } = CreateConsole(Output, IsInteractive);

    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess() => new(
        new SteadyWriter(() => System.Console.Out),
        new WrappingWriter(new SteadyWriter(() => System.Console.Error), WidthOfErrors),
        !System.Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb");

    /// <summary>Writes a line over the one before, where somebody watches.</summary>
    public void Overwrite(string line) => _output.Write($"\r{Printable.Line(line)}");

    /// <summary>Columns for errors; null where nobody watches.</summary>
    private static int? WidthOfErrors()
    {
        if (System.Console.IsErrorRedirected) return null;
        try
        {
            return System.Console.WindowWidth;
        }
        catch (Exception error) when (error is IOException or PlatformNotSupportedException)
        {
            return null;   // no size is known
        }
    }

    /// <summary>The exit code of a command whose own is <paramref name="code"/>: <paramref name="failure"/> where all
    /// went well but its results could not be written.</summary>
    public int Conclude(int code, int failure)
    {
        if (_output is not SteadyWriter { Failure: string reason }) return code;
        Error.WriteLine($"fovea: the output could not be written: {reason}");
        return code == 0 ? failure : code;
    }

    private static IAnsiConsole CreateConsole(TextWriter output, bool isInteractive)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = isInteractive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = isInteractive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = isInteractive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        console.Pipeline.Attach(new PrintableText());
        if (!isInteractive) console.Profile.Width = WidthOfFiles;
        return console;
    }
}

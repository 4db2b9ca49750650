using System.Text;

namespace Fovea.Cli.Display;

/// <summary>A standard stream that may be closed or full: what cannot be written is lost, and the work goes
/// on.</summary>
internal sealed class SteadyWriter : TextWriter
{
    private readonly TextWriter _inner;

    /// <param name="open">Opens the stream, which may be closed.</param>
    public SteadyWriter(Func<TextWriter> open)
    {
        try
        {
            _inner = open();
        }
        catch (Exception error) when (IsOutside(error))
        {
            _inner = Null;
        }
    }

    /// <summary>Why something was lost, first; null where nothing was, or where nobody wants to read it.</summary>
    public string? Failure { get; private set; }

    /// <inheritdoc/>
    public override Encoding Encoding => _inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => Try(() => _inner.Write(value));

    /// <inheritdoc/>
    public override void Write(string? value) => Try(() => _inner.Write(value));

    /// <inheritdoc/>
    public override void Write(char[] buffer, int index, int count) => Try(() => _inner.Write(buffer, index, count));

    /// <inheritdoc/>
    public override void WriteLine() => Try(_inner.WriteLine);

    /// <inheritdoc/>
    public override void WriteLine(string? value) => Try(() => _inner.WriteLine(value));

    /// <inheritdoc/>
    public override void Flush() => Try(_inner.Flush);

    private void Try(Action write)
    {
        try
        {
            write();
        }
        catch (Exception error) when (IsOutside(error))
        {
            if (error is IOException) Failure ??= error.Message;   // a closed stream is one that nobody wants to read
        }
    }

    private static bool IsOutside(Exception error) =>
        error is IOException or UnauthorizedAccessException or ObjectDisposedException;
}

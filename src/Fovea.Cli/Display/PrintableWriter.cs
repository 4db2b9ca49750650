using System.Text;

namespace Fovea.Cli.Display;

/// <summary>Passes text on, without what would steer a terminal; nothing that was read from a file can. What
/// <see cref="WriteLine(string?)"/> gets stays one line, so that no name forges another.</summary>
internal sealed class PrintableWriter(TextWriter inner) : TextWriter
{
    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => inner.Write(Printable.Lines(value.ToString()));

    /// <inheritdoc/>
    public override void Write(string? value) => inner.Write(Printable.Lines(value ?? ""));

    /// <inheritdoc/>
    public override void WriteLine() => inner.WriteLine();

    /// <inheritdoc/>
    public override void WriteLine(string? value) => inner.WriteLine(Printable.Line(value ?? ""));

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();
}

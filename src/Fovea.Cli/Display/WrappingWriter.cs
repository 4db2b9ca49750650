using System.Text;

namespace Fovea.Cli.Display;

/// <summary>Breaks lines between words for somebody who watches; a terminal breaks them anywhere.</summary>
/// <param name="inner">The terminal.</param>
/// <param name="width">Its columns now; null: nobody watches, and lines stay as they are.</param>
internal sealed class WrappingWriter(TextWriter inner, Func<int?> width) : TextWriter
{
    private const int Hang = 2, Narrowest = 20;

    /// <inheritdoc/>
    public override Encoding Encoding => inner.Encoding;

    /// <inheritdoc/>
    public override void Write(char value) => inner.Write(value);

    /// <inheritdoc/>
    public override void Write(string? value) => inner.Write(value);

    /// <inheritdoc/>
    public override void WriteLine() => inner.WriteLine();

    /// <inheritdoc/>
    public override void WriteLine(string? value)
    {
        if (value is null || width() is not int columns || columns < Narrowest || value.Contains('\n'))
        {
            inner.WriteLine(value);
            return;
        }

        foreach ((int start, int length) in WordWrap.Lines(value, columns, Hang))
            inner.WriteLine(new string(' ', start > 0 ? Hang : 0)
                + value.Substring(start, length).Replace(WordWrap.Firm, ' '));
    }

    /// <inheritdoc/>
    public override void Flush() => inner.Flush();
}

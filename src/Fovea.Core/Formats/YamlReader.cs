using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fovea.Core.Formats;

/// <summary>The events of a YAML text. Whatever is wrong with the text is a <see cref="YamlException"/>: the parser
/// below has other exceptions for some of it.</summary>
internal sealed class YamlReader(string yaml) : IParser
{
    private readonly Parser _parser = new(new StringReader(yaml));

    /// <inheritdoc/>
    public ParsingEvent? Current => _parser.Current;

    /// <inheritdoc/>
    public bool MoveNext()
    {
        try
        {
            return _parser.MoveNext();
        }
        catch (Exception error) when (error is not YamlException)
        {
            Mark last = Current?.End ?? Mark.Empty;
            throw new YamlException(last, last, "what follows cannot be understood.", error);
        }
    }
}

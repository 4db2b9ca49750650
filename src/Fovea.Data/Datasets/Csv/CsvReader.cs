using System.Text;

namespace Fovea.Data.Datasets.Csv;

/// <summary>Rows of values that a sign separates, usually a comma, one after the other, with fields in quotes where
/// they need them.</summary>
/// <remarks>Source: RFC 4180. Rows may end with LF or CRLF; blank lines are passed over.</remarks>
/// <param name="text">Read to its end; stays open.</param>
/// <param name="name">Names the text in messages.</param>
/// <param name="separator">Stands between the fields of a row.</param>
internal sealed class CsvReader(TextReader text, string name, char separator = ',')
{
    private const int LongestField = 1 << 16, MostFields = 1024;
    private readonly StringBuilder _field = new();
    private int _line = 1;

    /// <summary>Line in which the current row begins, from 1.</summary>
    public int Line { get; private set; }

    /// <summary>The next row's fields, or null at the end.</summary>
    /// <exception cref="DataException">Quotes do not match, or a field or row is far too long.</exception>
    public List<string>? Next()
    {
        while (text.Peek() is '\r' or '\n') EndLine();
        if (text.Peek() < 0) return null;
        Line = _line;
        List<string> fields = [];
        do
        {
            if (fields.Count == MostFields) throw Wrong($"has more than {MostFields} fields");
            fields.Add(text.Peek() == '"' ? Quoted() : Plain());
        }
        while (Skip(separator));

        if (text.Peek() >= 0) EndLine();
        return fields;
    }

    private string Plain()
    {
        _field.Clear();
        while (text.Peek() is >= 0 and not ('\r' or '\n') and int next && next != separator)
        {
            if (next == '"') throw Wrong("has a quote within a field; put the field in quotes and double the quote");
            Take();
        }

        return _field.ToString();
    }

    private string Quoted()
    {
        _field.Clear();
        text.Read();
        while (true)
        {
            int next = text.Peek();
            if (next < 0) throw Wrong("has a quote that nothing closes");
            if (next == '\n') _line++;
            if (Skip('"') && !(text.Peek() == '"')) break;
            Take();
        }

        return text.Peek() is < 0 or '\r' or '\n' || text.Peek() == separator ? _field.ToString()
            : throw Wrong("has letters behind a closing quote");
    }

    private void Take()
    {
        if (_field.Length == LongestField) throw Wrong($"has a field of more than {LongestField} letters");
        _field.Append((char)text.Read());
    }

    private bool Skip(char letter)
    {
        if (text.Peek() != letter) return false;
        text.Read();
        return true;
    }

    private void EndLine()
    {
        if (Skip('\r') | Skip('\n')) _line++;
    }

    private DataException Wrong(string what) => new($"{name}, line {Line}: {what}.");
}

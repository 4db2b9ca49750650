using Fovea.Data.Datasets.Csv;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Data.Tests.Datasets.Csv;

public sealed class CsvReaderTests
{
    [Fact]
    public void What_is_written_is_read_back()
    {
        Gen<string> field = Gen.Elements("a", "b c", "1", ",", "\"", "\n", "\r\n", " ", "ä", ";", "\t").ListOf()
            .Select(parts => string.Concat(parts));
        Gen<string[][]> table = field.NonEmptyListOf().Select(row => row.ToArray()).ListOf()
            .Select(rows => rows.ToArray());
        Prop.ForAll(table.ToArbitrary(), rows =>
        {
            // a row of one empty field is a blank line
            string[][] full = [.. rows.Where(row => row.Length > 1 || row[0].Length > 0)];
            foreach ((string end, char separator) in ((string, char)[])[("\n", ','), ("\r\n", ';'), ("\r", '\t')])
            {
                string text = string.Concat(full.Select(row => string.Join(separator, row.Select(Quote)) + end));
                if (!Read(text, separator).Select(row => string.Join('|', row))
                    .SequenceEqual(full.Select(row => string.Join('|', row)))) return false;
            }

            return true;
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("a,\"b\nc", "line 1: has a quote that nothing closes")]
    [InlineData("x,y\n\"a\"b,c", "line 2: has letters behind")]
    [InlineData("a\"b,c", "line 1: has a quote within")]
    [InlineData("\"a\nb\",1\na\"", "line 3: has a quote within")]
    public void Wrong_quotes_are_named_by_line(string text, string message) =>
        Assert.Contains(message, Assert.Throws<DataException>(() => Read(text)).Message);

    [Fact]
    public void Endless_fields_and_rows_are_refused()
    {
        Assert.Contains("65536 letters", Assert.Throws<DataException>(() => Read(new string('a', 70_000))).Message);
        Assert.Contains("1024 fields", Assert.Throws<DataException>(() => Read(new string(',', 2000))).Message);
    }

    private static List<List<string>> Read(string text, char separator = ',')
    {
        CsvReader reader = new(new StringReader(text), "text", separator);
        List<List<string>> rows = [];
        while (reader.Next() is List<string> row) rows.Add(row);
        return rows;
    }

    private static string Quote(string field) =>
        !field.Any(letter => ",;\t\"\r\n".Contains(letter)) ? field : $"\"{field.Replace("\"", "\"\"")}\"";
}

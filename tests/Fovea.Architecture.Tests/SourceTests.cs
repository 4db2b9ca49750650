using System.Text.RegularExpressions;

namespace Fovea.Architecture.Tests;

/// <summary>Rules that only the text of the sources shows.</summary>
public partial class SourceTests
{
    private const int Columns = 120;
    private static readonly string[] UnsafeProjects = ["Fovea.Tensors", "Fovea.Torch", "Fovea.Mpi"];

    [Fact]
    public void Only_tensors_and_bindings_may_be_unsafe()
    {
        CodeBase.AssertNone(Hits(Others(CodeBase.Sources("src", ".csproj"), UnsafeProjects), Unsafe()));
        CodeBase.AssertNone(Hits(Others(CodeBase.Sources("src"), UnsafeProjects), Unsafe()));
    }

    [Fact]
    public void Libraries_name_fields_and_not_options_of_the_command_line() =>
        CodeBase.AssertNone(Hits(Others(CodeBase.Sources("src"), "Fovea.Cli"), Flag()));

    [Theory]
    [InlineData(".cs")]
    [InlineData(".md")]
    public void Lines_have_at_most_120_columns(string extension)
    {
        IEnumerable<string> files = ((string[])["src", "tests", "bench", "samples", "docs", "recipes"])
            .SelectMany(folder => CodeBase.Sources(folder, extension))
            .Concat(Directory.GetFiles(CodeBase.Root, "*" + extension).Select(file => Path.GetFileName(file)));
        CodeBase.AssertNone(
            from file in files
            from line in CodeBase.Lines(file).Select((text, i) => (text.Length, Number: i + 1))
            where line.Length > Columns
            select $"{file}:{line.Number}: {line.Length} columns");
    }

    [Fact]
    public void Summaries_begin_with_a_noun_or_a_verb() => CodeBase.AssertNone(
        from file in CodeBase.Sources("src")
        from line in CodeBase.Lines(file).Select((text, i) => (Text: text, Number: i + 1))
        where QuestionAtStart().IsMatch(line.Text)
        select $"{file}:{line.Number}: {line.Text.Trim()}");

    private static IEnumerable<string> Others(IEnumerable<string> files, params string[] projects) =>
        files.Where(file => !projects.Any(project => file.StartsWith($"src/{project}/", StringComparison.Ordinal)));

    /// <summary>Lines of code, without comments, that match.</summary>
    private static IEnumerable<string> Hits(IEnumerable<string> files, Regex pattern) =>
        from file in files
        from line in CodeBase.Lines(file).Select((text, i) => (Text: text.Split("//")[0], Number: i + 1))
        where pattern.IsMatch(line.Text)
        select $"{file}:{line.Number}: {line.Text.Trim()}";

    [GeneratedRegex(@"\bunsafe\b(?!-)|AllowUnsafeBlocks")]
    private static partial Regex Unsafe();

    /// <summary>Two hyphens and a word in a text; CSS has variables of that form, in <c>var(--name)</c>.</summary>
    [GeneratedRegex(@"""[^""]*(?<!var\()--[a-z][^""]*""")]
    private static partial Regex Flag();

    [GeneratedRegex(@"<summary>\s*(What|Where|How|Of)\b")]
    private static partial Regex QuestionAtStart();
}

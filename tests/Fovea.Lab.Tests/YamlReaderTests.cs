using Fovea.Lab.Estimation;
using Fovea.Lab.Studies;
using Fovea.Training.Recipes;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Lab.Tests;

/// <summary>Whatever a YAML file holds, it is understood or refused in one sentence that names the file.</summary>
public class YamlReaderTests
{
    private static readonly string[] Parts =
    [
        "name", "base", "vary", "seeds", "include", "exclude", "published", "epochs", "model", "lr", "peak", ": ", "[",
        "]", "{", "}", ",", "\n", "  ", "- ", "1",
        "&a", "*a", "!!x", "!", "%", "|", ">", "\"", "'", "\\", "\t", "?", "---", "...", "#", "é", "\0", "\ud83d",
    ];

    [Theory]
    [InlineData("name]\t: &anamevary  \n{epochsexclude\nbase\"\"")]
    [InlineData("!<\\> 1")]
    [InlineData("\"\\ud83d\"")]
    public void Text_that_the_parser_stumbles_over(string text) => Parse(text);

    [Fact]
    public void Any_text() =>
        FsCheck.Check.One(Config.QuickThrowOnFailure.WithMaxTest(5000),
            Prop.ForAll(Arb.From(Gen.ListOf(Gen.Elements(Parts)).Select(string.Concat)), Parse));

    private static void Parse(string text)
    {
        Outcome(() => RecipeFile.Parse(text, "y.yaml", new Recipe()));
        Outcome(() => StudyFile.Parse(text, "y.yaml"));
        Outcome(() => DeviceTable.Parse(text, "y.yaml"));

        static void Outcome(Func<object> parse)
        {
            try
            {
                parse();
            }
            catch (UsageException error)
            {
                Assert.StartsWith("y.yaml", error.Message, StringComparison.Ordinal);
            }
        }
    }
}

using Fovea.Cli.Display;

namespace Fovea.Cli.Tests.Display;

public sealed class TypedCommandTests
{
    [Theory]
    [InlineData("--lr", "--lr")]
    [InlineData("runs/a_b-1.5", "runs/a_b-1.5")]
    [InlineData("a b", "'a b'")]
    [InlineData("", "''")]
    [InlineData("it's", "'it'\\''s'")]
    [InlineData("$(id)", "'$(id)'")]
    [InlineData("~/x", "'~/x'")]
    public void Words_are_quoted_where_a_shell_would_change_them(string word, string expected) =>
        Assert.Equal(expected, TypedCommand.Quoted(word));

    [Fact]
    public void A_command_is_what_was_typed() =>
        Assert.Equal("fovea train --lr=1e-3 --amp --out 'my run'",
            TypedCommand.Of(["train", "--lr=1e-3", "--amp", "--out", "my run"]));
}

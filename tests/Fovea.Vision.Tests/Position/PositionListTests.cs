using Fovea.Vision.Position;

namespace Fovea.Vision.Tests.Position;

public sealed class PositionListTests
{
    [Theory]
    [InlineData("learned", "learned")]
    [InlineData("rope+learned", "learned+rope")]
    [InlineData("Sin-Cos-2d + ALiBi", "sincos2d+alibi")]
    [InlineData("relative+rope", "rope+relative")]
    [InlineData("Rope-Mixed+learned", "learned+ropemixed")]
    [InlineData("none", "none")]
    public void A_text_is_read_and_written_in_one_form(string text, string canonical)
    {
        PositionList positions = text;
        Assert.Equal(canonical, positions.ToString());
        Assert.Equal(positions, PositionList.Parse(canonical));
    }

    [Theory]
    [InlineData("ropes", "is not one of learned, ")]
    [InlineData("", "is not one of")]
    [InlineData("rope+", "is not one of")]
    [InlineData("rope+rope", "twice")]
    [InlineData("none+rope", "stands alone")]
    [InlineData("learned+sincos2d", "both are added to the tokens")]
    [InlineData("relative+alibi", "take one")]
    [InlineData("rope+ropemixed", "take one")]
    [InlineData("learned+rope+alibi", "at most two")]
    public void What_excludes_itself_is_refused(string text, string words) =>
        Assert.Contains(words, Assert.Throws<UsageException>(() => PositionList.Parse(text)).Message);
}

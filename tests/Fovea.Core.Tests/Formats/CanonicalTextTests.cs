using Fovea.Core.Formats;

namespace Fovea.Core.Tests.Formats;

public class CanonicalTextTests
{
    [Theory]
    [InlineData("caf\u00e9", "cafe\u0301")]
    [InlineData("\u1ec7", "e\u0323\u0302")]            // Vietnamese: two steps
    [InlineData("\uac01", "\u1100\u1161\u11a8")]       // Hangul: by arithmetic
    [InlineData("\u304c", "\u304b\u3099")]             // Japanese
    [InlineData("\u0439", "\u0438\u0306")]             // Cyrillic
    [InlineData("plain", "plain")]
    public void WaysToWriteANameAreOne(string composed, string decomposed)
    {
        Assert.Equal(decomposed, CanonicalText.Decompose(composed));
        Assert.True(CanonicalText.AreSame(composed, decomposed));
    }

    [Fact]
    public void OtherLettersStayApart() => Assert.False(CanonicalText.AreSame("caf\u00e9", "cafe"));
}

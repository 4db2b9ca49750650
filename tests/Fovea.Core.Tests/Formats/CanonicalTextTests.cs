using Fovea.Core.Formats;

namespace Fovea.Core.Tests.Formats;

/// <summary>Right values by Python's <c>unicodedata.normalize("NFC", text)</c>, Unicode 15.</summary>
public sealed class CanonicalTextTests
{
    [Theory]
    [InlineData("cafe\u0301", "caf\u00E9")]
    [InlineData("a\u0302\u0323", "\u1EAD")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("\u1112\u1161\u11AB", "\uD55C")]
    [InlineData("\u0915\u093C", "\u0915\u093C")]
    [InlineData("\u0041\u0323\u0220\u032C\u007A\u0323", "\u1EA0\u0220\u032C\u1E93")]
    [InlineData("\u0044\u030C\u00E6\u0301\u01F1\u0054\u0327", "\u010E\u01FD\u01F1\u0162")]
    [InlineData("\u0045\u0328\u006B\u0301\u0314\u0055\u0303\u0301", "\u0118\u1E31\u0314\u1E78")]
    [InlineData("\u0047\u0307\u0073\u0323\u0059\u0301\u024F", "\u0120\u1E63\u00DD\u024F")]
    [InlineData("\u004A\u0302\u00D8\u00F8\u0301\u024B", "\u0134\u00D8\u01FF\u024B")]
    [InlineData("\u004F\u0303\u01A6\u004F\u0300\u0042\u0331", "\u00D5\u01A6\u00D2\u1E06")]
    [InlineData("\u0052\u0323\u0304\u0235\u0061\u0323\u0306\u0061\u0302\u0300", "\u1E5C\u0235\u1EB7\u1EA7")]
    [InlineData("\u0055\u030F\u004F\u0302\u0303\u0055\u032D\u01C5", "\u0214\u1ED6\u1E76\u01C5")]
    [InlineData("\u0055\u0330\u0065\u0304\u0301\u0053\u0307\u006F\u0303\u0304", "\u1E74\u1E17\u1E60\u022D")]
    [InlineData("\u005A\u030C\u0220\u006B\u030C\u0063\u0301", "\u017D\u0220\u01E9\u0107")]
    [InlineData("\u0065\u0303\u0049\u030F\u0310\u0059\u0309", "\u1EBD\u0208\u0310\u1EF6")]
    [InlineData("\u0068\u032E\u006F\u0323\u0186\u0053\u0323\u0307", "\u1E2B\u1ECD\u0186\u1E68")]
    [InlineData("\u006F\u030F\u004F\u031B\u0323\u0064\u0307\u0041\u0307\u0304", "\u020D\u1EE2\u1E0B\u01E0")]
    [InlineData("\u006F\u0328\u0304\u006D\u0307\u0627\u0069\u030F", "\u01ED\u1E41\u0627\u0209")]
    [InlineData("\u0075\u0306\u0055\u0304\u0074\u0308\u019A", "\u016D\u016A\u1E97\u019A")]
    [InlineData("\u007A\u0302\u0075\u031B\u0041\u0306\u0065\u0301", "\u1E91\u01B0\u0102\u00E9")]
    [InlineData("\u00C1\u1E97\u1E99\u1EEE", "\u00C1\u1E97\u1E99\u1EEE")]
    [InlineData("\u00C2\u03A9\u1E38\u01D0", "\u00C2\u03A9\u1E38\u01D0")]
    [InlineData("\u00DA\u0306\u1E9A\u00C9", "\u00DA\u0306\u1E9A\u00C9")]
    [InlineData("\u00DE\u1E50\u00EC\u01FB", "\u00DE\u1E50\u00EC\u01FB")]
    [InlineData("\u00E6\u004F\u0323\u019E\u0061\u0323\u0306", "\u00E6\u1ECC\u019E\u1EB7")]
    [InlineData("\u011D\u1EA4\u01C5\u00E1", "\u011D\u1EA4\u01C5\u00E1")]
    [InlineData("\u0126\u007A\u030C\u0059\u0323\u0292\u030C", "\u0126\u017E\u1EF4\u01EF")]
    [InlineData("\u0149\u0041\u0323\u0306\u0041\u0304\u01C5", "\u0149\u1EB6\u0100\u01C5")]
    [InlineData("\u0164\u1E38\u0622\u1E76", "\u0164\u1E38\u0622\u1E76")]
    [InlineData("\u0167\u0077\u0308\u0042\u0307\u023B", "\u0167\u1E85\u1E02\u023B")]
    [InlineData("\u016C\u1E72\u01A8\u00CC", "\u016C\u1E72\u01A8\u00CC")]
    [InlineData("\u0180\u01C8\u012F\u01C3", "\u0180\u01C8\u012F\u01C3")]
    [InlineData("\u018D\u006F\u0311\u0041\u0306\u0300\u014A", "\u018D\u020F\u1EB0\u014A")]
    [InlineData("\u019A\u01D0\u031F\u0122", "\u019A\u01D0\u031F\u0122")]
    [InlineData("\u01A4\u0057\u0323\u0305\u00DF", "\u01A4\u1E88\u0305\u00DF")]
    [InlineData("\u01AA\u006F\u0323\u0049\u0303\u0065\u030F", "\u01AA\u1ECD\u0128\u0205")]
    [InlineData("\u01C2\u0145\u00C8\u1EAE", "\u01C2\u0145\u00C8\u1EAE")]
    [InlineData("\u01C5\u0058\u0308\u0055\u0306\u030D", "\u01C5\u1E8C\u016C\u030D")]
    [InlineData("\u01DF\u01BF\u01D3\u0130", "\u01DF\u01BF\u01D3\u0130")]
    [InlineData("\u01E8\u00D6\u1E1A\u1EA9", "\u01E8\u00D6\u1E1A\u1EA9")]
    [InlineData("\u01F1\u0140\u0199\u00F0", "\u01F1\u0140\u0199\u00F0")]
    [InlineData("\u0213\u1E45\u1ED6\u00DC", "\u0213\u1E45\u1ED6\u00DC")]
    [InlineData("\u0214\u1E70\u1E20\u1E77", "\u0214\u1E70\u1E20\u1E77")]
    [InlineData("\u021C\u0134\u01EA\u01B0", "\u021C\u0134\u01EA\u01B0")]
    [InlineData("\u0221\u01AC\u0322\u01A0", "\u0221\u01AC\u0322\u01A0")]
    [InlineData("\u0223\u0125\u0192\u1EBB", "\u0223\u0125\u0192\u1EBB")]
    [InlineData("\u0237\u1EA1\u0627\u031F", "\u0237\u1EA1\u0627\u031F")]
    [InlineData("\u0246\u032B\u019D\u1E20", "\u0246\u032B\u019D\u1E20")]
    [InlineData("\u0316\u024F\u0292\u030C\u0055\u0330", "\u0316\u024F\u01EF\u1E74")]
    [InlineData("\u031B\u0182\u01F6\u01E2", "\u031B\u0182\u01F6\u01E2")]
    [InlineData("\u031E\u0043\u0302\u0065\u0306\u004E\u0303", "\u031E\u0108\u0115\u00D1")]
    [InlineData("\u0628\u0075\u031B\u0309\u0075\u0303\u0301\u00E6", "\u0628\u1EED\u1E79\u00E6")]
    [InlineData("\u1E3C\u1E53\u0308\u0244", "\u1E3C\u1E53\u0308\u0244")]
    [InlineData("\u1E5B\u01B8\u1E0D\u1E18", "\u1E5B\u01B8\u1E0D\u1E18")]
    [InlineData("\u1E6F\u1E75\u1E02\u1ECB", "\u1E6F\u1E75\u1E02\u1ECB")]
    [InlineData("\u1E7A\u0196\u1EDC\u1E2A", "\u1E7A\u0196\u1EDC\u1E2A")]
    [InlineData("\u1E83\u1EAE\u0192\u1E24", "\u1E83\u1EAE\u0192\u1E24")]
    [InlineData("\u1E8C\u01A3\u1E30\u1E6B", "\u1E8C\u01A3\u1E30\u1E6B")]
    [InlineData("\u1E98\u1EA1\u01AD\u1E0E", "\u1E98\u1EA1\u01AD\u1E0E")]
    [InlineData("\u1E9D\u01A1\u1EF5\u004B", "\u1E9D\u01A1\u1EF5\u004B")]
    [InlineData("\u1EBF\u0229\u1E46\u01D3", "\u1EBF\u0229\u1E46\u01D3")]
    [InlineData("\u1EDF\u00C5\u0248\u1E7C", "\u1EDF\u00C5\u0248\u1E7C")]
    [InlineData("\u1EE5\u1ECF\u1EC0\u1E03", "\u1EE5\u1ECF\u1EC0\u1E03")]
    [InlineData("\u1EFA\u0077\u0302\u0061\u0309\u0045\u0323\u0302", "\u1EFA\u0175\u1EA3\u1EC6")]
    public void Letters_and_marks_are_composed(string text, string composed)
    {
        Assert.Equal(composed, CanonicalText.Compose(text));
        Assert.Equal(composed, CanonicalText.Compose(composed));
    }

    [Fact]
    public void Every_letter_of_the_basic_plane_is_composed_as_others_do_or_stays()
    {
        for (int code = 0; code <= char.MaxValue; code++)
        {
            string text = ((char)code).ToString(), composed = CanonicalText.Compose(text);
            Assert.Equal(composed, CanonicalText.Compose(composed));
        }
    }

    [Theory]
    [InlineData("\u1ec7", "e\u0323\u0302")]            // Vietnamese: two steps
    [InlineData("\uac01", "\u1100\u1161\u11a8")]       // Hangul: by arithmetic
    [InlineData("\u304c", "\u304b\u3099")]             // Japanese
    [InlineData("\u0439", "\u0438\u0306")]             // Cyrillic
    public void Ways_to_write_a_name_are_one(string composed, string decomposed) =>
        Assert.True(CanonicalText.AreSame(composed, decomposed));

    [Fact]
    public void Other_letters_stay_apart() => Assert.False(CanonicalText.AreSame("caf\u00e9", "cafe"));
}

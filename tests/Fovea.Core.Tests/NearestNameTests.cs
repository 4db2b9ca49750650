namespace Fovea.Core.Tests;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("abc", "", 3)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("flaw", "lawn", 2)]
    [InlineData("modle", "model", 1)]
    [InlineData("abcd", "badc", 2)]
    public void The_distance_counts_typing_errors(string a, string b, int distance)
    {
        Assert.Equal(distance, NearestName.Distance(a, b));
        Assert.Equal(distance, NearestName.Distance(b, a));
    }

    [Theory]
    [InlineData("minst", "mnist")]
    [InlineData("CIFAR10", "cifar10")]
    [InlineData("imagenet", null)]
    public void The_nearest_name_is_found_if_it_is_near(string written, string? nearest) =>
        Assert.Equal(nearest, NearestName.Of(written, ["shapes", "mnist", "cifar10"]));

    [Theory]
    [InlineData("gpu", "cuda")]
    [InlineData("GPU:0", "cuda")]
    [InlineData("nvidia", "cuda")]
    [InlineData("metal", "mps")]
    [InlineData("half", "bf16")]
    [InlineData("fp16", "bf16")]
    [InlineData("float16", "bf16")]
    [InlineData("float32", "fp32")]
    public void Other_words_for_a_name_are_known(string written, string nearest)
    {
        Assert.Equal(nearest, NearestName.Of(written, ["cpu", "cuda", "mps", "fp32", "bf16"]));
        Assert.NotEqual(nearest, NearestName.Of(written, ["shapes", "mnist"]));
    }
}

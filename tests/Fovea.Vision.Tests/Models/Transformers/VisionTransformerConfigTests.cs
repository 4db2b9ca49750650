using Fovea.Vision.Embedding;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;

namespace Fovea.Vision.Tests.Models.Transformers;

public sealed class VisionTransformerConfigTests
{
    private static readonly VisionTransformerConfig Valid = new()
    {
        ImageSize = 32,
        PatchSize = 4,
        Dim = 16,
        Depth = 2,
        Heads = 2
    };

    public static TheoryData<string> Messages => [.. Mistakes.Keys];

    private static Dictionary<string, Func<VisionTransformerConfig, VisionTransformerConfig>> Mistakes { get; } = new()
    {
        ["ImageSize must be 1 to 16384, got 0."] = config => config with { ImageSize = 0 },
        ["PatchSize must be 1 to 16384, got -4."] = config => config with { PatchSize = -4 },
        ["Channels must be 1 to 1024, got 0."] = config => config with { Channels = 0 },
        ["Classes must be 0 to 1000000, got -1."] = config => config with { Classes = -1 },
        ["Dim must be 1 to 1048576, got 0."] = config => config with { Dim = 0 },
        ["Depth must be 1 to 10000, got 0."] = config => config with { Depth = 0 },
        ["Heads must be 1 to 1048576, got 0."] = config => config with { Heads = 0 },
        ["HeadDim must be 1 to 1048576, got 0."] = config => config with { HeadDim = 0 },
        ["`mlp-ratio`: the MLP of tokens of 16 elements has 0 to 1048576 hidden elements, not -1; take another "
            + "`mlp-ratio` or `dim`."] = config => config with { MlpDim = -1 },
        ["`patch-size`: patches of 5 pixels do not divide 32; take `image-size` 30 or 35, or another `patch-size`."] =
            config => config with { PatchSize = 5 },
        ["`heads`: 3 do not divide `dim` 16; take 2 or 4, or give `head-dim`."] = config => config with { Heads = 3 },
        ["NormEpsilon must be above 0, got 0."] = config => config with { NormEpsilon = 0 },
        ["`pooling`: the model has no class token to read; take mean, sequence or map."] = config =>
            config with { ClassToken = false },
        ["PatchSize: pooled tokens lie 2, 4, 8 or 16 pixels apart, got 1."] = config =>
            config with { Embedding = EmbeddingKind.Tokenizer, PatchSize = 1 },
        ["PositionStd must be above 0, got 0."] = config => config with { PositionStd = 0 },
        ["RegisterTokens must be 0 to 1048576, got -1."] = config => config with { RegisterTokens = -1 },
        ["`pooling`: the distillation token of this model is read beside its class token; take token."] = config =>
            config with { DistillationToken = true, Pooling = Pooling.Mean },
        ["`position`: sines and cosines of a sequence need an even `dim`, got 15."] =
            config => config with { Dim = 15, Heads = 1, Position = PositionKind.SinCos1d },
        ["`position`: sines and cosines of row and column need a multiple of 4 as `dim`, got 18."] = config =>
            config with { Dim = 18, Position = PositionKind.SinCos2d },
        ["Dropout must be at least 0 and below 1, got 1."] = config => config with { Dropout = 1 },
        ["AttentionDropout must be at least 0 and below 1, got -1."] = config => config with { AttentionDropout = -1 },
        ["PositionDropout must be at least 0 and below 1, got 2."] = config => config with { PositionDropout = 2 },
        ["HeadDropout must be at least 0 and below 1, got NaN."] = config => config with { HeadDropout = float.NaN },
        ["DropPath must be at least 0 and below 1, got 1."] = config => config with { DropPath = 1 },
        ["softmax: there is no option called 'scal'; did you mean 'scale'? There are: window, until, lai, class, soft, "
            + "penalty, fade, scale."] =
            config => config with { Attention = "softmax:scal=1" },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public void Each_mistake_is_named_in_a_sentence(string message)
    {
        Assert.Equal(message, Assert.Throws<UsageException>(() => Mistakes[message](Valid).Build()).Message);
    }

    [Fact]
    public void Unknown_attention_suggests_the_nearest()
    {
        UsageException error = Assert.Throws<UsageException>(() => (Valid with { Attention = "sofmax" }).Validate());
        Assert.StartsWith("there is no attention called 'sofmax'; did you mean 'softmax'? There are: ", error.Message);
    }

    [Fact]
    public void Configurations_are_values()
    {
        Assert.Equal(Valid, Valid with { Attention = "softmax" });
        Assert.NotEqual(Valid, Valid with { Attention = "softmax:scale=1" });
    }
}

using System.Text.RegularExpressions;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Numpy;

/// <summary>Names and layouts of Google's Vision Transformers in JAX, as timm's.</summary>
internal static partial class GoogleWeights
{
    /// <summary>An array that each of these files has.</summary>
    private const string Mark = "Transformer/encoder_norm/scale";

    private static readonly string[] Parts = ["/query/", "/key/", "/value/"];

    /// <summary>Prefix of the names in Google's files, which may be empty; null for files of others.</summary>
    public static string? RootOf(IEnumerable<string> names) =>
        names.FirstOrDefault(name => name.EndsWith(Mark, StringComparison.Ordinal))?[..^Mark.Length];

    /// <summary>The model's arrays under timm's names; others (the state of an optimiser) are left out.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="root">What stands before the names, such as <c>params/</c>.</param>
    /// <param name="arrays">All arrays of the file.</param>
    /// <exception cref="DataException">An array has another rank than Google's, or a part of attention is
    /// missing.</exception>
    public static IReadOnlyList<Weight> Translate(string path, string root, Dictionary<string, Weight> arrays)
    {
        List<Weight> weights = [];
        foreach ((string full, Weight weight) in arrays)
        {
            if (!full.StartsWith(root, StringComparison.Ordinal)) continue;
            string name = full[root.Length..];
            Match block = Block().Match(name);
            string? of = block.Success ? InBlock(block.Groups[2].Value) : Outside(name);
            if (of is null) continue;
            if (of.EndsWith("/q", StringComparison.Ordinal))
            {
                string prefix = root + name[..^block.Groups[2].Value.Length];
                weights.Add(Join(path, $"blocks.{block.Groups[1].Value}.{of[..^2]}", prefix, block.Groups[2].Value,
                    arrays));
                continue;
            }

            string timm = block.Success ? $"blocks.{block.Groups[1].Value}.{of}" : of;
            weights.Add(Turned(path, timm, weight, IsOut(name)));
        }

        return weights;
    }

    private static bool IsOut(string name) => name.Contains("/out/kernel", StringComparison.Ordinal);

    private static string? Outside(string name) => name switch
    {
        "cls" => "cls_token",
        "embedding/kernel" => "patch_embed.proj.weight",
        "embedding/bias" => "patch_embed.proj.bias",
        "Transformer/posembed_input/pos_embedding" => "pos_embed",
        "Transformer/encoder_norm/scale" => "norm.weight",
        "Transformer/encoder_norm/bias" => "norm.bias",
        "head/kernel" => "head.weight",
        "head/bias" => "head.bias",
        _ => null,
    };

    private static string? InBlock(string name) => name switch
    {
        "LayerNorm_0/scale" => "norm1.weight",
        "LayerNorm_0/bias" => "norm1.bias",
        "LayerNorm_2/scale" => "norm2.weight",
        "LayerNorm_2/bias" => "norm2.bias",
        "MultiHeadDotProductAttention_1/query/kernel" => "attn.qkv.weight/q",
        "MultiHeadDotProductAttention_1/query/bias" => "attn.qkv.bias/q",
        "MultiHeadDotProductAttention_1/out/kernel" => "attn.proj.weight",
        "MultiHeadDotProductAttention_1/out/bias" => "attn.proj.bias",
        "MlpBlock_3/Dense_0/kernel" => "mlp.fc1.weight",
        "MlpBlock_3/Dense_0/bias" => "mlp.fc1.bias",
        "MlpBlock_3/Dense_1/kernel" => "mlp.fc2.weight",
        "MlpBlock_3/Dense_1/bias" => "mlp.fc2.bias",
        _ => null,
    };

    private static Weight Join(string path, string name, string prefix, string query, Dictionary<string, Weight> arrays)
    {
        Weight[] parts = [.. Parts
            .Select(part => arrays.GetValueOrDefault(prefix + query.Replace("/query/", part, StringComparison.Ordinal))
                ?? throw new DataException($"{path}: '{prefix}{query}' has no{part.TrimEnd('/').Replace('/', ' ')}."))
            .Select(part => Turned(path, name, part, false))];
        return parts.All(part => part.Shape.SequenceEqual(parts[0].Shape)) ? Weight.Concatenate(name, parts)
            : throw new DataException($"{path}: queries, keys and values of '{name}' have different shapes.");
    }

    /// <summary>A tensor in PyTorch's layout: outputs first, heads and their elements as one axis.</summary>
    private static Weight Turned(string path, string name, Weight weight, bool isOut)
    {
        long[] shape = [.. weight.Shape];
        bool isVector = name.EndsWith("bias", StringComparison.Ordinal)
            || name.Contains("norm", StringComparison.Ordinal);
        if (name is "cls_token" or "pos_embed") return weight with { Name = name };
        if (isVector)
            return weight with { Name = name, Shape = [shape.Aggregate(1L, (product, size) => product * size)] };
        if (shape.Length == 3) shape = isOut ? [shape[0] * shape[1], shape[2]] : [shape[0], shape[1] * shape[2]];
        int[] order = shape.Length switch
        {
            2 => [1, 0],
            4 => [3, 2, 0, 1],
            _ => throw new DataException($"{path}: '{weight.Name}' has the shape {weight.ShapeText}, not Google's."),
        };
        float[] values = NumpyFile.Transposed(weight.ToArray(), shape, order);
        return Weight.Of(name, weight.Type, [.. order.Select(axis => shape[axis])], values);
    }

    [GeneratedRegex(@"^Transformer/encoderblock_([0-9]+)/(.+)$")]
    private static partial Regex Block();
}

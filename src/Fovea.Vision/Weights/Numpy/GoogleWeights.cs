using System.Text.RegularExpressions;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Numpy;

/// <summary>Names and layouts of Google's Vision Transformers in JAX, as timm's.</summary>
internal static partial class GoogleWeights
{
    /// <summary>An array that each of these files has.</summary>
    private const string Mark = "Transformer/encoder_norm/scale";

    private const string Stacked = "Transformer/encoderblock/";
    private const int MostBlocks = 1000;

    private static readonly string[] Parts = ["/query/", "/key/", "/value/"];

    /// <summary>Prefix of the names in Google's files, which may be empty; null for files of others.</summary>
    public static string? RootOf(IEnumerable<string> names) =>
        names.FirstOrDefault(name => name.EndsWith(Mark, StringComparison.Ordinal))?[..^Mark.Length];

    /// <summary>The model's arrays under timm's names; those that timm's models do not have keep theirs, and others
    /// (the state of an optimiser) are left out.</summary>
    /// <param name="path">For messages.</param>
    /// <param name="root">What stands before the names, such as <c>params/</c>.</param>
    /// <param name="arrays">All arrays of the file.</param>
    /// <exception cref="DataException">An array has another rank than Google's, or a part of attention is
    /// missing.</exception>
    public static IReadOnlyList<Weight> Translate(string path, string root, Dictionary<string, Weight> arrays)
    {
        Dictionary<string, Weight> own = [];
        foreach ((string full, Weight weight) in arrays)
            if (full.StartsWith(root, StringComparison.Ordinal)) AddTo(own, path, full[root.Length..], weight);
        List<Weight> weights = [];
        foreach ((string name, Weight weight) in own)
        {
            Match block = Block().Match(name);
            string inner = block.Success ? block.Groups[2].Value : name, prefix = name[..^inner.Length],
                to = block.Success ? $"blocks.{block.Groups[1].Value}." : "";
            string? timm = block.Success ? InBlock(inner) : Outside(name) ?? InPooling(inner);
            if (timm is null) weights.Add(weight with { Name = name });   // said to be none of the model's
            else if (timm.EndsWith("/q", StringComparison.Ordinal))
                weights.Add(Join(path, to + timm[..^2], prefix, inner, Parts, own));
            else if (timm.EndsWith("/k", StringComparison.Ordinal))
                weights.Add(Join(path, to + timm[..^2], prefix, inner, Parts[1..], own));
            else if (timm.Length > 0) weights.Add(Turned(path, to + timm, weight, IsOut(name)));
        }

        return weights;
    }

    /// <summary>An array, or those of all blocks that are stacked in one.</summary>
    private static void AddTo(Dictionary<string, Weight> own, string path, string name, Weight weight)
    {
        if (!name.StartsWith(Stacked, StringComparison.Ordinal))
        {
            Add(own, path, name, weight);
            return;
        }

        long depth = weight.Shape.Count == 0 ? 0 : weight.Shape[0];
        if (depth is < 1 or > MostBlocks)
            throw new DataException($"{path}: '{weight.Name}' has the shape {weight.ShapeText}, not one of blocks.");
        for (long block = 0; block < depth; block++)
            Add(own, path, $"Transformer/encoderblock_{block}/{name[Stacked.Length..]}",
                weight.Window(block * (weight.Count / depth), [.. weight.Shape.Skip(1)]));
    }

    private static void Add(Dictionary<string, Weight> own, string path, string name, Weight weight)
    {
        if (!own.TryAdd(name, weight)) throw new DataException($"{path}: holds '{name}' twice.");
    }

    private static bool IsOut(string name) => name.Contains("/out/kernel", StringComparison.Ordinal);

    private static string? Outside(string name) => name switch
    {
        "cls" => "cls_token",
        "embedding/kernel" => "patch_embed.proj.weight",
        "embedding/bias" => "patch_embed.proj.bias",
        "Transformer/posembed_input/pos_embedding" or "pos_embedding" => "pos_embed",
        "Transformer/encoder_norm/scale" => "norm.weight",
        "Transformer/encoder_norm/bias" => "norm.bias",
        "head/kernel" => "head.weight",
        "head/bias" => "head.bias",
        _ => null,
    };

    /// <summary>Names of the first code (numbered with dropouts in between) and of big_vision.</summary>
    private static string? InBlock(string name) => name switch
    {
        "LayerNorm_0/scale" => "norm1.weight",
        "LayerNorm_0/bias" => "norm1.bias",
        "LayerNorm_2/scale" or "LayerNorm_1/scale" => "norm2.weight",
        "LayerNorm_2/bias" or "LayerNorm_1/bias" => "norm2.bias",
        _ => InMlp(name, ["MlpBlock_3/", "MlpBlock_0/"], "mlp.")
            ?? InAttention(name, ["MultiHeadDotProductAttention_1/", "MultiHeadDotProductAttention_0/"]),
    };

    private static string? InAttention(string name, string[] prefixes) => Below(name, prefixes) switch
    {
        "query/kernel" => "attn.qkv.weight/q",
        "query/bias" => "attn.qkv.bias/q",
        "out/kernel" => "attn.proj.weight",
        "out/bias" => "attn.proj.bias",
        "key/kernel" or "key/bias" or "value/kernel" or "value/bias" => "",   // with the queries
        _ => null,
    };

    private static string? InMlp(string name, string[] prefixes, string to) => Below(name, prefixes) switch
    {
        "Dense_0/kernel" => to + "fc1.weight",
        "Dense_0/bias" => to + "fc1.bias",
        "Dense_1/kernel" => to + "fc2.weight",
        "Dense_1/bias" => to + "fc2.bias",
        _ => null,
    };

    /// <summary>A query that attends to all patches, as SigLIP's towers end.</summary>
    private static string? InPooling(string name) => name switch
    {
        "MAPHead_0/probe" => "attn_pool.latent",
        "MAPHead_0/LayerNorm_0/scale" => "attn_pool.norm.weight",
        "MAPHead_0/LayerNorm_0/bias" => "attn_pool.norm.bias",
        _ => InMlp(name, ["MAPHead_0/MlpBlock_0/"], "attn_pool.mlp.")
            ?? Below(name, ["MAPHead_0/MultiHeadDotProductAttention_0/"]) switch
            {
                "query/kernel" => "attn_pool.q.weight",
                "query/bias" => "attn_pool.q.bias",
                "key/kernel" => "attn_pool.kv.weight/k",
                "key/bias" => "attn_pool.kv.bias/k",
                "value/kernel" or "value/bias" => "",
                "out/kernel" => "attn_pool.proj.weight",
                "out/bias" => "attn_pool.proj.bias",
                _ => null,
            },
    };

    private static string? Below(string name, string[] prefixes) => prefixes
        .Where(prefix => name.StartsWith(prefix, StringComparison.Ordinal))
        .Select(prefix => name[prefix.Length..]).FirstOrDefault();

    /// <summary>Queries, keys and values, or the last two, as one matrix.</summary>
    private static Weight Join(string path, string name, string prefix, string first, string[] kinds,
        Dictionary<string, Weight> arrays)
    {
        Weight[] parts = [.. kinds
            .Select(part => arrays.GetValueOrDefault(prefix + first.Replace(kinds[0], part, StringComparison.Ordinal))
                ?? throw new DataException($"{path}: '{prefix}{first}' has no{part.TrimEnd('/').Replace('/', ' ')}."))
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
        if (name is "cls_token" or "pos_embed" or "attn_pool.latent") return weight with { Name = name };
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

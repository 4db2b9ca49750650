namespace Fovea.Vision.Weights.Naming;

/// <summary>Finds the model among what training scripts save around it: <c>teacher.</c>, <c>state_dict.module.</c>,
/// <c>model.</c>, ...</summary>
internal static class Wrapping
{
    private const int Deepest = 6, MostPrefixes = 64;

    /// <summary>Names of a checkpoint's parts, best first: averaged weights before the last ones, as evaluation takes
    /// them.</summary>
    private static readonly string[] Containers =
        ["ema", "model_ema", "state_dict_ema", "ema_state_dict", "teacher", "state_dict", "model_state_dict",
            "model_state", "model", "student", "network", "net"];

    /// <summary>Names of wrappers around a network; only all names together, or the network's own, lose them.</summary>
    private static readonly string[] Shells =
        ["module", "_orig_mod", "_fsdp_wrapped_module", "backbone", "encoder", "base_encoder", "momentum_encoder",
            "visual", "base_model", "trunk"];

    /// <summary>First tensors of the schemes.</summary>
    private static readonly string[] Beginnings =
        ["patch_embed.proj.weight", "stage0.patch_embed.proj.weight", "conv_proj.weight",
            "embeddings.patch_embeddings.projection.weight",
            "embedder.embedder.convolution.weight", "layer1.0.conv1.weight",
            "encoder.stages.0.embedding.convolution_embeddings.projection.weight"];

    private static readonly string[] Words = [.. Containers, .. Shells];

    // Averages stand beside weights without a prefix in this project's checkpoints, and are better.
    private static readonly int Bare = Array.IndexOf(Containers, "state_dict");

    /// <summary>The prefix, dot included, under which a known model lies; where none does, the one under which a script
    /// keeps its model.</summary>
    public static (string Prefix, NamingScheme Scheme) Find(IReadOnlyCollection<string> names)
    {
        foreach (string prefix in Prefixes(names).OrderBy(Rank, RankOrder).Take(MostPrefixes))
            if (NamingSchemes.Of(Below(names, prefix)) is { } scheme) return (prefix, scheme);
        foreach (string prefix in OwnPrefixes(names).Take(MostPrefixes))
            if (NamingSchemes.Of(Below(names, prefix)) is { } scheme) return (prefix, scheme);
        return (Unwrap(names), NamingSchemes.Other);
    }

    /// <summary>Prefix of the tensors that embed an image: a module's attribute of any name, such as
    /// Lightning's <c>vit.</c>.</summary>
    private static IEnumerable<string> OwnPrefixes(IEnumerable<string> names) => names
        .SelectMany(name => Beginnings, (name, beginning) => (Name: name, At: name.IndexOf("." + beginning,
            StringComparison.Ordinal)))
        .Where(found => found.At > 0).Select(found => found.Name[..(found.At + 1)])
        .Where(prefix => prefix.Count(letter => letter == '.') <= Deepest)
        .Distinct(StringComparer.Ordinal).OrderBy(prefix => prefix.Length).ThenBy(prefix => prefix,
            StringComparer.Ordinal);

    /// <summary>The names under a prefix, without it.</summary>
    public static string[] Below(IEnumerable<string> names, string prefix) =>
        [.. names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
            .Select(name => name[prefix.Length..])];

    private static HashSet<string> Prefixes(IEnumerable<string> names)
    {
        HashSet<string> prefixes = [""];
        foreach (string name in names)
        {
            int end = 0;
            for (int depth = 0; depth < Deepest; depth++)
            {
                int dot = name.IndexOf('.', end);
                if (dot < 0 || !Words.Contains(name[end..dot])) break;
                end = dot + 1;
                prefixes.Add(name[..end]);
            }
        }

        return prefixes;
    }

    private static int[] Rank(string prefix) => prefix.Length == 0 ? [Bare]
        : [.. prefix[..^1].Split('.').Select(Place)];

    private static int Place(string word) => Array.IndexOf(Words, word) is var place && place < Bare ? place
        : place + 1;

    private static Comparer<int[]> RankOrder { get; } = Comparer<int[]>.Create((a, b) =>
    {
        int difference = a.Zip(b, (x, y) => x.CompareTo(y)).FirstOrDefault(order => order != 0);
        return difference != 0 ? difference : a.Length.CompareTo(b.Length);
    });

    private static string Unwrap(IReadOnlyCollection<string> names)
    {
        string prefix = "";
        for (int depth = 0; depth < Deepest; depth++)
        {
            string[] rest = Below(names, prefix);
            string? word = Containers.FirstOrDefault(word => rest.Any(name => IsBelow(name, word)))
                ?? Shells.FirstOrDefault(word => rest.All(name => IsBelow(name, word)));
            if (word is null) break;
            prefix += word + ".";
        }

        return prefix;
    }

    private static bool IsBelow(string name, string word) => name.Length > word.Length && name[word.Length] == '.'
        && name.StartsWith(word, StringComparison.Ordinal);
}

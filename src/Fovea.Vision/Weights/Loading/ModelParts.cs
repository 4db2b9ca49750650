namespace Fovea.Vision.Weights.Loading;

/// <summary>Tensors of a model by the part that they belong to, for messages.</summary>
internal static class ModelParts
{
    /// <summary>For example <c>embedding (2 tensors), blocks 7-12 (72), norm (2)</c>.</summary>
    public static string Describe(IEnumerable<string> names)
    {
        string[] all = [.. names];
        int[] blocks = [.. all.Select(ModelStages.BlockOf).OfType<int>()];
        List<(string Part, int Count)> parts = [];
        void Add(string part, Func<string, bool> belongs)
        {
            if (all.Count(name => ModelStages.BlockOf(name) is null && belongs(name)) is > 0 and int count)
                parts.Add((part, count));
        }

        Add("embedding", name => ModelStages.Of(name, 0) == 0);
        if (blocks.Length > 0) parts.Add((Ranges([.. blocks.Distinct().Order()]), blocks.Length));
        Add("final norm", name => ModelStages.Of(name, 0) == 1 && !ModelStages.IsHead(name));
        Add("head", ModelStages.IsHead);
        return string.Join(", ",
            parts.Select((part, i) =>
                $"{part.Part} ({part.Count}{(i > 0 ? "" : part.Count == 1 ? " tensor" : " tensors")})"));
    }

    /// <summary>Tensors that are none of a model: those of blocks together, the first others by name, such as
    /// <c>blocks 7-12 (72 tensors), pre_logits.fc.weight</c>.</summary>
    public static string List(IEnumerable<string> names, int most)
    {
        string[] all = [.. names], others = [.. all.Where(name => ModelStages.BlockOf(name) is null)];
        string[] blocks = [.. all.Except(others)];
        IEnumerable<string> parts = [.. blocks.Length == 0 ? [] : (string[])[Describe(blocks)], .. others.Take(most)];
        return string.Join(", ", parts) + (others.Length > most ? $" and {others.Length - most} more" : "");
    }

    /// <summary>For example <c>block 5</c> or <c>blocks 1, 3-6</c>.</summary>
    private static string Ranges(int[] blocks)
    {
        List<string> ranges = [];
        for (int first = 0; first < blocks.Length;)
        {
            int last = first;
            while (last + 1 < blocks.Length && blocks[last + 1] == blocks[last] + 1) last++;
            ranges.Add(first == last ? $"{blocks[first]}" : $"{blocks[first]}-{blocks[last]}");
            first = last + 1;
        }

        return $"{(blocks.Length == 1 ? "block" : "blocks")} {string.Join(", ", ranges)}";
    }
}

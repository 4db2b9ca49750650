namespace Fovea.Lab.Explanations;

/// <summary>Names of a model's parts, for titles.</summary>
internal static class Captions
{
    /// <summary>Blocks as people count, ranges joined: <c>blocks 1–3, 5</c>.</summary>
    public static string Blocks(IReadOnlyList<int> blocks)
    {
        List<(int First, int Last)> ranges = [];
        foreach (int block in blocks)
        {
            if (ranges.Count > 0 && ranges[^1].Last == block - 1) ranges[^1] = (ranges[^1].First, block);
            else ranges.Add((block, block));
        }

        string list = string.Join(", ",
            ranges.Select(range => range.First == range.Last ? $"{range.First + 1}"
                : $"{range.First + 1}–{range.Last + 1}"));
        return $"{(blocks.Count == 1 ? "block" : "blocks")} {list}";
    }
}

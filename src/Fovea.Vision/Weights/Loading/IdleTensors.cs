namespace Fovea.Vision.Weights.Loading;

/// <summary>Tensors of files that change no answer of a model that lacks them.</summary>
internal static class IdleTensors
{
    /// <summary>Last parts of their names: counters of batch norm, tables of windows, positions and rotations, which
    /// the sizes of a model tell, and the token that stands for hidden patches while a model is trained.</summary>
    private static readonly string[] Endings =
        ["num_batches_tracked", "relative_position_index", "relative_coords_table", "attn_mask", "position_ids",
            "rope.periods", "rope_embed.periods", "mask_token"];

    /// <summary>Those among names; also what the model has as a table of its own, such as positions that nothing
    /// trains.</summary>
    public static IReadOnlyList<string> Among(IEnumerable<string> names, ImageClassifier model)
    {
        HashSet<string> own = [.. model.NamedBuffers().Select(entry => entry.Name)];
        return [.. names.Where(name => own.Contains(name) || Endings.Any(ending => name == ending
            || name.EndsWith("." + ending, StringComparison.Ordinal)))];
    }
}

using System.Globalization;
using Fovea.Nn;

namespace Fovea.Vision;

/// <summary>
/// How deep a parameter lies, by its dotted name: stage 0 turns the image into tokens (a residual network's stem),
/// stages 1 to n are the blocks (or the stages of a model that has some: <c>layer1</c> to <c>layer4</c>,
/// <c>layers.0</c> to <c>layers.3</c>, <c>stage0</c> to <c>stage2</c>), the last holds the final norm and the
/// classifier heads. What layer-wise learning rates and freezing go by, as in BEiT (Bao et al. 2022, arXiv:2106.08254)
/// and timm.
/// </summary>
public static class ModelStages
{
    private static readonly string[] ClassifierHeads = ["head", "head_dist", "fc"];
    private static readonly string[] Ends = ["norm", "fc_norm", "attention_pool", "attn_pool", .. ClassifierHeads];

    /// <summary>Blocks of a model, or stages of one that has some.</summary>
    public static int CountBlocks(Module model) => model.NamedParameters().Max(entry => BlockOf(entry.Name) ?? 0);

    /// <summary>The stage of a parameter, 0 to <paramref name="blocks"/> + 1.</summary>
    /// <param name="name">Dotted name, e.g. <c>blocks.0.norm1.weight</c>.</param>
    /// <param name="blocks">See <see cref="CountBlocks"/>.</param>
    public static int Of(string name, int blocks) => BlockOf(name) ?? (IsAmong(Ends, name) ? blocks + 1 : 0);

    /// <summary>True for the parameters of a classifier head.</summary>
    public static bool IsHead(string name) => IsAmong(ClassifierHeads, name);

    /// <summary>Freezes the embedding and the first blocks; all of them leave the final norm and the classifier heads
    /// to train.</summary>
    /// <param name="model">The model.</param>
    /// <param name="blocks">How many.</param>
    /// <exception cref="UsageException">The model has fewer.</exception>
    public static void Freeze(Module model, int blocks)
    {
        int all = CountBlocks(model);
        Check.That(blocks <= all,
            $"freeze: the model has {all} blocks, {blocks} cannot be frozen; 'all' leaves only the head to train.");
        Freeze(model, name => Of(name, all) <= blocks);
    }

    /// <summary>Freezes everything but the classifier heads: a linear probe.</summary>
    public static void FreezeBody(Module model) => Freeze(model, name => !IsHead(name));

    private static void Freeze(Module model, Func<string, bool> isFrozen)
    {
        foreach ((string name, Parameter parameter) in model.NamedParameters())
            if (isFrozen(name)) parameter.Trainable = false;
    }

    /// <summary>The block, from 1: the number behind <c>blocks.</c>; of models with stages the stage, by
    /// <c>layerN.</c>, <c>layers.N.</c> or <c>stageN.</c>; null outside of blocks.</summary>
    public static int? BlockOf(string name)
    {
        string[] parts = name.Split('.');
        if (parts[0] == "patch_embed") return null;   // a network before the tokens has blocks of its own
        if (parts is ["layers", var number, _, ..] && TryNumber(number, out int stage)) return stage + 1;
        if (parts[0].StartsWith("stage", StringComparison.Ordinal) && TryNumber(parts[0]["stage".Length..], out stage))
            return stage == 0 && parts[1] == "patch_embed" ? null : stage + 1;
        int index = Array.IndexOf(parts, "blocks");
        if (index >= 0 && index + 1 < parts.Length && TryNumber(parts[index + 1], out int block)) return block + 1;
        return parts[0].StartsWith("layer", StringComparison.Ordinal)
            && TryNumber(parts[0]["layer".Length..], out int layer) ? layer : null;
    }

    private static bool IsAmong(string[] known, string name)
    {
        string[] parts = name.Split('.');
        return known.Contains(parts[0]) || (parts[0] == "classifier" && known.Contains(parts[1]));
    }

    private static bool TryNumber(string text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}

using Fovea.Vision.Weights.Naming;

namespace Fovea.Vision.Weights.Loading;

/// <summary>Weights that a model does not take, and what would help.</summary>
internal static class Refusal
{
    /// <summary>Below this share of loaded tensors, a file is of another architecture.</summary>
    private const double Least = 0.5;

    /// <exception cref="CheckpointException">The weights do not fit.</exception>
    public static void Check(LoadReport report, List<Misfit> misfits, ImageClassifier model, StateDict weights,
        bool strict, PartialWeights partial)
    {
        if (misfits is [var first, ..])
        {
            string others = misfits.Count > 1 ? $" (and {misfits.Count - 1} more tensors differ)" : "";
            throw new CheckpointException(
                $"{report.Path}: '{first.Name}' is {first.Source.ShapeText} in the file, but the model needs "
                    + $"{first.Wanted}{others}; {Advice(first, misfits.Count, model, weights)}.");
        }

        bool isOther = report.Loaded.Count == 0 || report.Unexpected.Count > report.Loaded.Count;
        if (report.Loaded.Count < Least * report.Total && (isOther || report.Incomplete is null))
            throw new CheckpointException(
                $"{report.Path}: holds weights of another architecture ({report.Source}): only {report.Loaded.Count} "
                    + $"of the model's {report.Total} tensors are in it; {Model(weights, model)}.");
        bool isTaken = partial == PartialWeights.Take
            || (partial == PartialWeights.TakeMost && report.Loaded.Count >= Least * report.Total);
        if (report.Incomplete is string incomplete && !isTaken)
            throw new CheckpointException($"{report.Path} ({report.Source}): the weights are incomplete: {incomplete}.")
            {
                Remedy = Remedy(report, model, weights),
            };
        if (strict && !report.IsComplete)
            throw new CheckpointException(
                $"{report.Path}: does not fit exactly, as `strict` asks: {string.Join("; ", report.Differences())}; "
                    + "leave out `strict` to load the rest.");
    }

    private static string Remedy(LoadReport report, ImageClassifier model, StateDict weights)
    {
        string another = report.Unexpected.Any(name => name.StartsWith("fc_norm.", StringComparison.Ordinal))
            ? "Its last norm follows the mean of the patches ('fc_norm'): use `pooling` mean. "
            : report.Missing.Any(name => name.StartsWith("fc_norm.", StringComparison.Ordinal))
                && report.Unexpected.Any(name => name.StartsWith("norm.", StringComparison.Ordinal))
            ? "Its last norm comes before the mean of the patches ('norm'), the model's after it ('fc_norm'). "
            : ClosestPreset.Of(weights.Weights) is { Share: > 0.9 } closest
                && closest.Preset.Config.Measure() != model.Config.Measure()
                ? $"They are like those of '{closest.Preset.Name}' (`model`). " : "";
        return another
            + "Take the whole file (all of its shards), the model and the options that it was made with, or go "
            + "on nevertheless with `allow-partial`.";
    }

    private static string Advice(Misfit misfit, int count, ImageClassifier model, StateDict weights)
    {
        int? patchSize = model.Config.Describe().PatchSize;
        return misfit.Name switch
        {
            "pos_embed" when count == 1 && patchSize is not null && misfit.Source.Shape is [.., var tokens, _]
                && SideOf(tokens) is long side =>
                $"positions are those of another image size: use `image-size` {side * patchSize}",
            "patch_embed.proj.weight" when misfit.Source.Shape is [var dim, _, var patch, var columns]
                && patch == columns && dim == model.Config.Measure().Dim =>
                $"patches are of another size: use `patch-size` {patch}",
            _ => Model(weights, model),
        };
    }

    /// <summary>Options that change the shapes of a model of the same size.</summary>
    private static readonly string[] Parts =
        ["mlp-ratio", "mlp", "norm", "qk-norm", "attention-gate", "parallel-blocks", "layer-scale", "registers",
            "pooling", "position"];

    private static string Other(ModelConfig preset, ModelConfig model)
    {
        string[] parts = preset.Measure() != model.Measure() ? []
            : [.. preset.Describe().Differences(model.Describe()).Intersect(Parts).Select(part => $"`{part}`")];
        return parts.Length == 0 ? "" : $" (of another {string.Join(", ", parts)} than the model)";
    }

    private static string Model(StateDict weights, ImageClassifier model) =>
        ClosestPreset.Of(weights.Weights) is { } closest
        ? $"the closest preset is '{closest.Preset.Name}'{Other(closest.Preset.Config, model.Config)}: use `model` "
            + closest.Preset.Name
        : "it is like no preset that there is: use the model and the options that it was made with ('fovea weights "
        + "FILE' lists its tensors)";

    /// <summary>Side of a square grid of patches, with up to two tokens before it.</summary>
    private static long? SideOf(long tokens)
    {
        for (int prefix = 0; prefix <= 2; prefix++)
            if ((long)Math.Sqrt(tokens - prefix) is > 0 and var side && side * side == tokens - prefix) return side;
        return null;
    }
}

namespace Fovea.Tensors.Backends.Profiling;

/// <summary>Work of a call.</summary>
/// <param name="Size">Its sizes, for people.</param>
/// <param name="Flops">Floating-point operations of its products: two for a multiplication with its addition.</param>
internal readonly record struct Work(string? Size, double Flops = 0)
{
    internal static Work Of(in MatMulArguments a) =>
        new($"{a.Batch} x {a.Rows} x {a.Inner} x {a.Columns}", 2.0 * a.Batch * a.Rows * a.Inner * a.Columns);

    internal static Work Of(in LinearArguments a, bool backward = false) =>
        new($"{a.Rows} x {a.In} to {a.Out}{(a.Input == LinearInput.Identity ? "" : a.Input == LinearInput.LayerNorm
            ? ", norm" : $", {a.Activation}")}{(backward ? "" : a.Residual is null ? "" : ", residual")}",
            2.0 * a.Rows * a.In * a.Out);

    internal static Work Of(in Conv2dArguments a, bool backward = false) =>
        new($"{a.Batch} x {a.In} x {a.Height} x {a.Width} to {a.Out}, {a.KernelHeight} x {a.KernelWidth}"
            + (a.Groups == 1 ? "" : $", {a.Groups} groups"),
            2.0 * a.Batch * a.Out * a.OutHeight * a.OutWidth * (a.In / a.Groups) * a.KernelHeight * a.KernelWidth);

    /// <summary>Scores and their use; backward, scores again and four products.</summary>
    internal static Work Of(in AttentionArguments a, bool backward = false) =>
        new($"{a.Batch} x {a.Heads} heads, {a.Queries} x {a.Keys}, {a.HeadDim}",
            (backward ? 10.0 : 4.0) * a.Batch * a.Heads * a.Queries * a.Keys * a.HeadDim);

    internal static Work Of(in HeadPreparation a) => new($"{a.Rows} x {a.Heads} heads, {a.HeadDim}");

    internal static Work Of(in NeighborhoodArguments a, bool backward = false) =>
        new($"{a.Batch} x {a.Heads} heads, {a.Tokens} tokens, {a.HeadDim}");

    internal static Work Of(in DeltaRuleArguments a, bool backward = false) =>
        new($"{a.Batch} x {a.Heads} heads, {a.Tokens} tokens, {a.KeyDim} x {a.ValueDim}");

    /// <summary>Without a relation: sums over keys, and their use; backward, twice each.</summary>
    internal static Work Of(in KernelAttentionArguments a, bool backward = false) =>
        new($"{a.Batch} x {a.Heads} heads, {a.QueryCount} x {a.KeyCount}, {a.Features} features",
            (backward ? 4.0 : 2.0) * a.Batch * a.Heads * (a.QueryCount + (double)a.KeyCount) * a.Features * a.HeadDim);

    internal static Work Of(in RandomFeaturesArguments a, bool backward = false) =>
        new($"{a.Batch} x {a.Heads} heads, {a.Tokens} tokens, {a.Features} features",
            2.0 * a.Batch * a.Heads * a.Tokens * (double)a.Features * a.HeadDim);

    internal static Work Of(in DeformableArguments a, bool backward = false) =>
        new($"{a.Batch} x {a.Queries} queries, {a.Heads} heads, {a.Samples} samples");

    internal static Work Of(in PoolGridArguments a, bool backward = false) =>
        new($"{a.Batch} x {a.Grid.Rows} x {a.Grid.Columns} x {a.Width}");

    internal static Work Of(in GridConvolutionArguments a, bool backward = false) =>
        new($"{a.Batch} x {a.Grid.Rows} x {a.Grid.Columns} x {a.Width}, {a.Kernel} x {a.Kernel}",
            2.0 * a.Batch * a.Results.Count * a.Width * a.Kernel * a.Kernel);

    internal static Work Of(in CrossEntropyArguments a, bool backward = false) => new($"{a.Rows} x {a.Columns}");

    internal static Work Of(in BatchNormArguments a) => new($"{a.Batch} x {a.Channels} x {a.Pixels}");

    internal static Work Of(in MaxPoolArguments a) =>
        new($"{a.Planes} x {a.Height} x {a.Width}, {a.Kernel} x {a.Kernel}");
}

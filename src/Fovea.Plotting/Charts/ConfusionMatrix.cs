using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Charts;

/// <summary>A confusion matrix: counts of images by true class (rows) and predicted class (columns).</summary>
/// <remarks>
/// A cell's shade is its share of the row. Up to 20 classes each cell also shows its count; beyond that the cells
/// shrink and only some classes are named.
/// </remarks>
public sealed record ConfusionMatrix : Figure
{
    private readonly int[,] _counts;

    /// <summary>Keeps a copy of the counts.</summary>
    /// <param name="classes">The classes' names, at least one.</param>
    /// <param name="counts">Images, <c>[true class, predicted class]</c>.</param>
    /// <exception cref="ArgumentException">The counts are not square, or not as many as the classes.</exception>
    public ConfusionMatrix(IReadOnlyList<string> classes, int[,] counts)
    {
        ArgumentNullException.ThrowIfNull(classes);
        ArgumentNullException.ThrowIfNull(counts);
        (int rows, int columns) = (counts.GetLength(0), counts.GetLength(1));
        if (classes.Count == 0 || rows != classes.Count || columns != classes.Count)
        {
            throw new ArgumentException(
                $"{classes.Count} classes need counts [{classes.Count}, {classes.Count}], not [{rows}, {columns}].",
                nameof(counts));
        }

        Classes = [.. classes];
        _counts = (int[,])counts.Clone();
        Title = "Confusion matrix";
    }

    /// <summary>The classes' names.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <summary>The pixels across that cells are made for; 0: as much as is usual. Many classes, or long names, take
    /// more.</summary>
    public int Across { get; init; }

    /// <inheritdoc/>
    public override int Width => new ConfusionMatrixPainter(this).Width;

    /// <inheritdoc/>
    public override int Height => new ConfusionMatrixPainter(this).Height;

    /// <summary>The number of images of class <paramref name="truth"/> predicted as
    /// <paramref name="predicted"/>.</summary>
    public int Count(int truth, int predicted) => _counts[truth, predicted];

    /// <summary>The number of images of a class.</summary>
    public long Images(int truth) =>
        Enumerable.Range(0, Classes.Count).Sum(predicted => (long)_counts[truth, predicted]);

    /// <summary>The share of a class's images predicted as <paramref name="predicted"/>, 0 to 1; NaN without
    /// images.</summary>
    public double Share(int truth, int predicted) =>
        Images(truth) is > 0 and long images ? (double)_counts[truth, predicted] / images : double.NaN;

    internal override void Draw(ICanvas canvas) => new ConfusionMatrixPainter(this).Draw(canvas);
}

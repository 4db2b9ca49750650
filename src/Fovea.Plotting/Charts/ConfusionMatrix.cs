using Fovea.Plotting.Canvas;

namespace Fovea.Plotting.Charts;

/// <summary>How often images of each class were taken for each class: rows are the truth, columns what was predicted.</summary>
/// <remarks>
/// A cell's shade is its share of the row. Up to 20 classes each cell also shows its count; beyond that the cells shrink and
/// only some classes are named.
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
                $"{classes.Count} classes need counts [{classes.Count}, {classes.Count}], not [{rows}, {columns}].", nameof(counts));
        }

        (Classes, _counts) = ([.. classes], (int[,])counts.Clone());
        Title = "Confusion matrix";
    }

    /// <summary>The classes' names.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public override int Width => new ConfusionMatrixPainter(this).Width;

    /// <inheritdoc/>
    public override int Height => new ConfusionMatrixPainter(this).Height;

    /// <summary>How many images of class <paramref name="truth"/> were taken for <paramref name="predicted"/>.</summary>
    public int Count(int truth, int predicted) => _counts[truth, predicted];

    /// <summary>How many images of a class there were.</summary>
    public long Images(int truth) => Enumerable.Range(0, Classes.Count).Sum(predicted => (long)_counts[truth, predicted]);

    /// <summary>The share of a class's images that were taken for <paramref name="predicted"/>, 0 to 1; NaN without images.</summary>
    public double Share(int truth, int predicted) =>
        Images(truth) is > 0 and long images ? (double)_counts[truth, predicted] / images : double.NaN;

    internal override void Draw(ICanvas canvas) => new ConfusionMatrixPainter(this).Draw(canvas);
}

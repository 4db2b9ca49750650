using Fovea.Vision.Tokens;

namespace Fovea.Vision.Models.Convolutional;

/// <summary>Description of a convolutional vision transformer (CvT): stages that each begin with a convolution from the
/// map of the one before to tokens.</summary>
public sealed record CvtConfig : ModelConfig
{
    private const string Family = "a convolutional vision transformer";
    private const int MostStages = 8, MostHidden = 1 << 20;

    /// <summary>Kernel of each stage's embedding, pixels of the map before it.</summary>
    public StageSizes Kernels { get; init; } = [7, 3, 3];

    /// <summary>Step of each stage's embedding, pixels of the map before it.</summary>
    public StageSizes Strides { get; init; } = [4, 2, 2];

    /// <summary>Zeros around the map before each stage's embedding, pixels; fewer than its kernel has.</summary>
    public StageSizes Paddings { get; init; } = [2, 1, 1];

    /// <summary>Elements of a token in each stage.</summary>
    public StageSizes Dims { get; init; } = [64, 192, 384];

    /// <summary>Attention heads of each stage; they divide its <see cref="Dims"/>.</summary>
    public StageSizes Heads { get; init; } = [1, 3, 6];

    /// <summary>Blocks of each stage, 1 or more.</summary>
    public StageSizes Depths { get; init; } = [1, 2, 10];

    /// <summary>Hidden elements of the MLP for each element of a token, above 0.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Share of zeroed elements behind embeddings, attention and the MLP's layers; below 1.</summary>
    public float Dropout { get; init; }

    /// <summary>Share of samples that skip the branches of the last block, rising linearly from 0 in the last stage's
    /// first; below 1. Other stages have none, as in the authors' settings.</summary>
    public float DropPath { get; init; }

    /// <inheritdoc/>
    public override ConvolutionalTransformer Build() => new(this);

    /// <inheritdoc/>
    public override void Validate()
    {
        ValidateSizes();
        Check.Between(1, MostStages, Depths.Count, $"{nameof(Depths)}: stages");
        foreach ((string name, StageSizes sizes, int low) in new[] { (nameof(Kernels), Kernels, 1),
            (nameof(Strides), Strides, 1), (nameof(Paddings), Paddings, 0), (nameof(Dims), Dims, 1),
            (nameof(Heads), Heads, 1), (nameof(Depths), Depths, 1) })
        {
            Check.That(sizes.Count == Depths.Count, $"{name}: there are {sizes.Count} for {Depths.Count} stages.");
            foreach (int size in sizes) Check.Between(low, name == nameof(Dims) ? 65_536 : 10_000, size, name);
        }

        for (int i = 0; i < Depths.Count; i++)
        {
            Check.That(Dims[i] % Heads[i] == 0, $"{nameof(Heads)}: {Heads[i]} do not divide {Dims[i]}.");
            Check.That(Paddings[i] < Kernels[i],
                $"{nameof(Paddings)}: {Paddings[i]} must be below the kernel, {Kernels[i]}.");
            if (MlpRatio * Dims[i] is not (>= 1 and <= MostHidden))
                throw new UsageException(
                    $"an MLP of tokens of {Dims[i]} elements has 1 to {MostHidden} hidden elements, not "
                    + $"{MlpRatio} times as many.")
                { Field = "mlp-ratio" };
        }

        Check.Probability(Dropout, nameof(Dropout));
        Check.Probability(DropPath, nameof(DropPath));
        RequireRoom(ImageSize, ImageSize);
    }

    /// <inheritdoc/>
    public override CvtConfig Apply(ModelOptions changes)
    {
        if (changes.Depth is not null) throw Refused("depth", Depths, "blocks");
        if (changes.Dim is not null) throw Refused("dim", Dims, "elements");
        if (changes.Heads is not null) throw Refused("heads", Heads, "heads");
        changes.RequireOnly(Family, "mlp-ratio", "dropout", "drop-path");
        return this with
        {
            MlpRatio = changes.MlpRatio ?? MlpRatio,
            Dropout = changes.Dropout ?? Dropout,
            DropPath = changes.DropPath ?? DropPath,
        };
    }

    /// <inheritdoc/>
    public override ModelOptions Describe() => new()
    {
        MlpRatio = MlpRatio,
        Dropout = Dropout,
        DropPath = DropPath,
    };

    /// <inheritdoc/>
    public override ModelSizes Measure() => new(Dims[0], Depths.Sum(), Heads[0]);

    /// <summary>Hidden elements of a stage's MLPs, rounded down as the authors' code does.</summary>
    internal int HiddenOf(int stage) => (int)(Dims[stage] * MlpRatio);

    /// <summary>The tokens of a stage; the last one's begin with the class token.</summary>
    /// <param name="stage">From 0.</param>
    /// <param name="height">Pixels of the image.</param>
    /// <param name="width">Pixels of the image.</param>
    internal TokenGrid GridOf(int stage, int height, int width)
    {
        for (int i = 0; i < stage; i++) (height, width) = (Positions(i, height), Positions(i, width));
        return GridAfter(stage, height, width);
    }

    /// <summary>The tokens of a stage.</summary>
    /// <param name="stage">From 0.</param>
    /// <param name="rows">Rows of the map before it.</param>
    /// <param name="columns">Columns of that map.</param>
    internal TokenGrid GridAfter(int stage, int rows, int columns) =>
        new(stage == Depths.Count - 1 ? 1 : 0, Positions(stage, rows), Positions(stage, columns));

    /// <exception cref="UsageException">An embedding's kernel is larger than the map and the zeros around
    /// it.</exception>
    internal void RequireRoom(int height, int width)
    {
        (int rows, int columns) = (height, width);
        for (int i = 0; i < Depths.Count; i++)
        {
            if (Math.Min(rows, columns) + 2 * Paddings[i] < Kernels[i])
                throw new UsageException(
                    $"images of {height} x {width} pixels are too small for {Depths.Count} stages of {Family}.")
                { Field = "image-size" };
            (rows, columns) = (Positions(i, rows), Positions(i, columns));
        }
    }

    private int Positions(int stage, int size) => (size + 2 * Paddings[stage] - Kernels[stage]) / Strides[stage] + 1;

    private static UsageException Refused(string field, StageSizes sizes, string what) =>
        new($"{Family} has stages of {sizes} {what}.") { Field = field };
}

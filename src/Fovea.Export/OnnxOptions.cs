namespace Fovea.Export;

/// <summary>Numbers in which weights are stored.</summary>
public enum WeightNumbers
{
    /// <summary>Single precision, as they are.</summary>
    Fp32,

    /// <summary>Matrices in half precision, cast to single where they are read; all is computed in single.</summary>
    Fp16,
}

/// <summary>Form of an exported model.</summary>
public sealed record OnnxOptions
{
    /// <summary>Oldest operator set that has what models need (layer norm).</summary>
    public const int OldestOpset = 17;

    /// <summary>Newest operator set whose changes are known here.</summary>
    public const int NewestOpset = 21;

    /// <summary>Operator set, unless told otherwise: the first whose resizing has a filter against aliasing.</summary>
    public const int UsualOpset = 18;

    /// <summary>Version of ONNX's operators, <see cref="OldestOpset"/> to <see cref="NewestOpset"/>.</summary>
    public int Opset { get; init; } = UsualOpset;

    /// <summary>Numbers in which weights are stored.</summary>
    public WeightNumbers Weights { get; init; }

    /// <summary>Side of the images, pixels: positions are resampled to it; null: the model's own.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Steps from the bytes of an image to the model's input, as a part of the graph; null: the input is
    /// normalised already.</summary>
    public Preprocessing? Preprocessing { get; init; }

    /// <summary>Entries of <c>metadata_props</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Bytes of weights from which on they stand in a file of their own.</summary>
    internal long MostBytes { get; init; } = Graphs.GraphWriter.MostBytes;
}

/// <summary>Steps from the bytes of an image to a model's input.</summary>
public sealed record Preprocessing
{
    /// <summary>Mean of each channel, of samples scaled to 0 .. 1.</summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <summary>Standard deviation of each channel.</summary>
    public required IReadOnlyList<float> Std { get; init; }

    /// <summary>Pixels to which the shorter side is resized before the middle is cut out; null: the image is resized to
    /// the model's size as a whole.</summary>
    public int? ShorterSide { get; init; }

    /// <summary>Interpolation is bicubic, otherwise bilinear; both with a filter against aliasing.</summary>
    public bool IsBicubic { get; init; }
}

/// <summary>Result of an export.</summary>
/// <param name="Path">The file.</param>
/// <param name="DataPath">A second file with the weights; null: there is none.</param>
/// <param name="Input">Name and sizes of the input, e.g. <c>images [batch, 3, 224, 224] float32</c>.</param>
/// <param name="Output">Name and sizes of the output.</param>
/// <param name="Nodes">Nodes of the graph.</param>
/// <param name="Weights">Tensors that came from the model.</param>
/// <param name="Bytes">Length of both files.</param>
public sealed record OnnxSummary(string Path, string? DataPath, string Input, string Output, int Nodes, int Weights,
    long Bytes);

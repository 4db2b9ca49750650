namespace Fovea.Export.Graphs;

/// <summary>Types of ONNX's tensors, by their numbers in its format.</summary>
internal enum OnnxType
{
    Float32 = 1,
    UInt8 = 2,
    Int64 = 7,
    Bool = 9,
    Float16 = 10,
}

/// <summary>A tensor of a graph: an input, an initializer or the result of a node.</summary>
/// <param name="name">Unique in the graph.</param>
/// <param name="type">Type of the elements.</param>
/// <param name="sizes">Sizes of the axes for the batch that was traced.</param>
/// <param name="isBatched">Depends on the images, so that one of its axes is a multiple of the batch.</param>
internal sealed class GraphValue(string name, OnnxType type, int[] sizes, bool isBatched)
{
    public string Name { get; set; } = name;

    public OnnxType Type { get; } = type;

    public int[] Sizes { get; } = sizes;

    public bool IsBatched { get; } = isBatched;

    public long Elements => Sizes.Aggregate(1L, (product, size) => product * size);
}

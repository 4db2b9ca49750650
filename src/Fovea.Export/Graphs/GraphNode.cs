namespace Fovea.Export.Graphs;

/// <summary>A call of an ONNX operator with one result.</summary>
/// <param name="Operator">Name in ONNX's default domain.</param>
/// <param name="Name">Unique in the graph.</param>
/// <param name="Inputs">In the operator's order; null where an optional one is left out.</param>
/// <param name="Output">Its result.</param>
/// <param name="Attributes">Its attributes.</param>
internal sealed record GraphNode(string Operator, string Name, IReadOnlyList<GraphValue?> Inputs, GraphValue Output,
    IReadOnlyList<GraphAttribute> Attributes);

/// <summary>An attribute of a node: a whole number, a list of them, a number or a text.</summary>
/// <param name="Name">Name, as the operator knows it.</param>
/// <param name="Value"><see cref="long"/>, <c>long[]</c>, <see cref="float"/> or <see cref="string"/>.</param>
internal sealed record GraphAttribute(string Name, object Value)
{
    public static implicit operator GraphAttribute((string Name, long Value) pair) => new(pair.Name, pair.Value);

    public static implicit operator GraphAttribute((string Name, long[] Value) pair) => new(pair.Name, pair.Value);

    public static implicit operator GraphAttribute((string Name, float Value) pair) => new(pair.Name, pair.Value);

    public static implicit operator GraphAttribute((string Name, string Value) pair) => new(pair.Name, pair.Value);
}

/// <summary>A tensor whose elements are in the file.</summary>
/// <param name="Value">Name, type and sizes.</param>
/// <param name="Elements"><c>float[]</c>, also of half precision, or <c>long[]</c>.</param>
internal sealed record GraphInitializer(GraphValue Value, Array Elements)
{
    /// <summary>Length of its elements in the file.</summary>
    public long Bytes => Elements.LongLength * (Value.Type switch
    {
        OnnxType.Float16 => 2,
        OnnxType.Int64 => 8,
        _ => 4,
    });
}

/// <summary>An input or output of a graph.</summary>
/// <param name="Value">Name and type.</param>
/// <param name="Axes">Size of each axis: a number, or a name where it is left open.</param>
internal sealed record GraphPort(GraphValue Value, IReadOnlyList<string> Axes);

using Fovea.Tensors;

namespace Fovea.Vision.Weights.Storage;

/// <summary>A named tensor that is read when its values are asked for: of a file, of a model, or made of
/// others.</summary>
/// <param name="Name">For example <c>blocks.0.attn.qkv.weight</c>.</param>
/// <param name="Type">How it is stored.</param>
/// <param name="Shape">Sizes, slowest first; empty for a scalar.</param>
/// <param name="Values">Copies elements, row-major, from a first one on.</param>
public sealed record Weight(string Name, WeightType Type, IReadOnlyList<long> Shape, Weight.Reader Values)
{
    /// <summary>Copies as many elements as fit into <paramref name="values"/>, row-major, beginning with number
    /// <paramref name="first"/>.</summary>
    public delegate void Reader(long first, Span<float> values);

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>A model's tensor.</summary>
    public static Weight Of(string name, Tensor tensor) =>
        new(name, WeightType.F32, [.. tensor.Shape.Select(size => (long)size)],
            (first, values) => tensor.CopyTo(values, (int)first));

    /// <summary>A model's tensor.</summary>
    internal static Weight Of(string name, WeightType type, IReadOnlyList<long> shape, float[] values) =>
        new(name, type, shape, (first, part) => values.AsSpan((int)first, part.Length).CopyTo(part));

    /// <summary>All values, row-major.</summary>
    /// <exception cref="CheckpointException">The file cannot be read, or the tensor does not fit into an
    /// array.</exception>
    public float[] ToArray()
    {
        if (Count > Array.MaxLength)
            throw new CheckpointException($"'{Name}' has {Count} elements, more than fit into memory at once.");
        float[] values = new float[Count];
        Values(0, values);
        return values;
    }

    /// <summary>Parts one behind the other along the first axis; the others are equal.</summary>
    internal static Weight Concatenate(string name, IReadOnlyList<Weight> parts)
    {
        long[] shape = [parts.Sum(part => part.Shape[0]), .. parts[0].Shape.Skip(1)];
        return new Weight(name, parts[0].Type, shape, (first, values) =>
        {
            foreach (Weight part in parts)
            {
                if (values.IsEmpty) return;
                if (first >= part.Count)
                {
                    first -= part.Count;
                    continue;
                }

                int length = (int)Math.Min(values.Length, part.Count - first);
                part.Values(first, values[..length]);
                first = 0;
                values = values[length..];
            }
        });
    }

    /// <summary>A run of elements under another shape.</summary>
    internal Weight Window(long start, params IReadOnlyList<long> shape) =>
        this with { Shape = shape, Values = (first, values) => Values(start + first, values) };

    /// <summary>Some rows (along the first axis), in this order; itself where it has not all of them.</summary>
    internal Weight Rows(IReadOnlyList<int> rows)
    {
        if (Shape.Count == 0 || rows.Any(row => row >= Shape[0])) return this;
        long length = Count / Math.Max(1, Shape[0]);
        return Concatenate(Name, [.. rows.Select(row => Window(row * length, [1, .. Shape.Skip(1)]))]);
    }

    /// <summary>Rows <c>[row, column]</c> cut, or filled up with zeros, to another length.</summary>
    internal Weight WithColumns(long columns)
    {
        long own = Shape[1];
        return this with
        {
            Shape = [Shape[0], columns],
            Values = (first, values) =>
            {
                while (!values.IsEmpty)
                {
                    (long row, long column) = Math.DivRem(first, columns);
                    Span<float> part = values[..(int)Math.Min(values.Length, columns - column)];
                    int there = (int)Math.Clamp(own - column, 0, part.Length);
                    if (there > 0) Values(row * own + column, part[..there]);
                    part[there..].Clear();
                    first += part.Length;
                    values = values[part.Length..];
                }
            },
        };
    }

    /// <summary>This and another of as many elements, added.</summary>
    internal Weight Plus(Weight other) => this with
    {
        Values = (first, values) =>
        {
            float[] more = new float[values.Length];
            Values(first, values);
            other.Values(first, more);
            for (int i = 0; i < more.Length; i++) values[i] += more[i];
        },
    };

    /// <summary>For example <c>[768, 3, 16, 16]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Type.Text} {ShapeText}";
}

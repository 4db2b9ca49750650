using Fovea.Export.Graphs;
using Fovea.Tensors;

namespace Fovea.Export.Tracing;

/// <summary>
/// One forward pass as a graph. Buffers become values, calls of primitives nodes. Sizes are those of a batch of
/// <see cref="Batch"/> images; an axis of a value that depends on the images and is a multiple of it is left open.
/// </summary>
internal sealed class Trace(int opset, bool halfWeights, int batch)
{
    private readonly Dictionary<Storage, GraphValue> _values = [];
    private readonly Dictionary<Storage, List<Piece>> _pieces = [];
    private readonly Dictionary<(GraphValue Value, string Key), GraphValue> _derived = [];
    private readonly Dictionary<string, GraphValue> _constants = [];
    private readonly HashSet<Storage> _computed = [];
    private readonly List<GraphInitializer> _tables = [];
    private string _part = "";

    public OnnxGraph Graph { get; } = new() { Opset = opset };

    public int Opset => opset;

    /// <summary>Images of the traced batch: a prime number, so that other sizes are no multiples of it.</summary>
    public int Batch => batch;

    /// <summary>The images, from which the number of them is known.</summary>
    public GraphValue? Images { get; set; }

    // Buffers.

    public void Set(Storage storage, GraphValue value)
    {
        _values[storage] = value;
        _computed.Add(storage);
    }

    /// <summary>Whether a buffer's elements are known without the images.</summary>
    public bool Knows(Storage storage) =>
        ((TracedStorage)storage).Numbers is not null && !_computed.Contains(storage);

    /// <summary>The result of a primitive, in a buffer of as many elements.</summary>
    public void Set(Target target, GraphValue value)
    {
        if (value.Elements != target.Storage.Capacity)
            throw new InvalidOperationException(
                $"Trace: {value.Name} has {value.Elements} elements for a buffer of {target.Storage.Capacity}.");
        Set(target.Storage, target.Accumulate
            ? Add("Add", value.Sizes, Of(target.Storage, value.Sizes), value) : value);
    }

    /// <summary>A part of a buffer that is written block by block: <c>[rows, columns]</c> of <c>[rows, stride]</c>, as
    /// a value, and its elements where they are known.</summary>
    public void SetPiece(Storage storage, int rows, int stride, int offset, int columns, Func<GraphValue> value,
        float[]? known)
    {
        if (offset == 0) _pieces[storage] = [];
        List<Piece> pieces = _pieces[storage];
        pieces.Add(new(value, known, columns));
        if (pieces.Sum(piece => piece.Columns) != offset + columns)
            throw new NotSupportedException("a result that is written in pieces out of their order");
        if (offset + columns < stride) return;
        if (pieces.TrueForAll(piece => piece.Known is not null))
        {
            ((TracedStorage)storage).Numbers = Joined(pieces, rows);
            return;
        }

        int common = Common([.. pieces.Select(piece => piece.Columns)]);
        GraphValue[] parts = [.. pieces.Select(piece =>
            Reshape(piece.Value(), rows, piece.Columns / common, common))];
        Set(storage, Add("Concat", [rows, stride / common, common], parts, ("axis", 1L)));
    }

    /// <summary>A buffer's value with these sizes.</summary>
    public GraphValue Of(Storage storage, params int[] sizes)
    {
        TracedStorage traced = (TracedStorage)storage;
        if (!_values.TryGetValue(storage, out GraphValue? value))
            _values[storage] = value = Constant(traced, sizes);
        return Reshape(value, sizes);
    }

    /// <summary>A buffer's value with the sizes that it has, whatever they are.</summary>
    public GraphValue Of(Storage storage) => _values.TryGetValue(storage, out GraphValue? value) ? value
        : Of(storage, ((TracedStorage)storage).Weight?.Sizes ?? [storage.Capacity]);

    /// <summary>Whether the host filled a buffer with a number, and nothing changed it.</summary>
    public bool IsUniform(Storage storage, float value) =>
        !_computed.Contains(storage) && ((TracedStorage)storage).Uniform == value;

    // Nodes.

    public GraphValue Add(string kind, int[] sizes, params GraphValue?[] inputs) => Add(kind, sizes, inputs, []);

    public GraphValue Add(string kind, int[] sizes, IReadOnlyList<GraphValue?> inputs,
        params GraphAttribute[] attributes) => Add(kind, OnnxType.Float32, sizes, inputs, attributes);

    public GraphValue Add(string kind, OnnxType type, int[] sizes, IReadOnlyList<GraphValue?> inputs,
        params GraphAttribute[] attributes)
    {
        int number = Graph.Nodes.Count;
        string name = $"{_part}{kind}_{number}";
        GraphValue output = new($"{name}:0", type, sizes, inputs.Any(input => input is { IsBatched: true }));
        Graph.Add(new GraphNode(kind, name, inputs, output, attributes));
        return output;
    }

    /// <summary>The same elements in other sizes.</summary>
    public GraphValue Reshape(GraphValue value, params int[] sizes)
    {
        if (value.Sizes.SequenceEqual(sizes)) return value;
        if (_derived.TryGetValue((value, $"reshape {string.Join(',', sizes)}"), out GraphValue? known)) return known;
        GraphValue shape = Whole([.. OpenSizes(sizes, value.IsBatched)]);
        return _derived[(value, $"reshape {string.Join(',', sizes)}")] =
            Add("Reshape", value.Type, sizes, [value, shape]);
    }

    /// <summary>Axes in another order.</summary>
    public GraphValue Transpose(GraphValue value, params int[] order)
    {
        string key = $"transpose {string.Join(',', order)}";
        if (_derived.TryGetValue((value, key), out GraphValue? known)) return known;
        return _derived[(value, key)] = Add("Transpose", value.Type, [.. order.Select(axis => value.Sizes[axis])],
            [value], ("perm", [.. order.Select(axis => (long)axis)]));
    }

    /// <summary>Positions along one axis.</summary>
    public GraphValue Slice(GraphValue value, int axis, int start, int length)
    {
        if (start == 0 && length == value.Sizes[axis]) return value;
        string key = $"slice {axis} {start} {length}";
        if (_derived.TryGetValue((value, key), out GraphValue? known)) return known;
        int[] sizes = [.. value.Sizes];
        sizes[axis] = length;
        return _derived[(value, key)] = Add("Slice", value.Type, sizes,
            [value, Whole([start]), Whole([start + length]), Whole([axis])]);
    }

    /// <summary>Repeats axes of size 1.</summary>
    public GraphValue Expand(GraphValue value, int[] sizes)
    {
        if (value.Sizes.SequenceEqual(sizes)) return value;
        long[] wanted = [.. sizes.Select((size, axis) => value.Sizes[axis] == size ? 1L : size)];
        int[] open = value.IsBatched ? []
            : [.. Enumerable.Range(0, sizes.Length).Where(axis => wanted[axis] > 1 && wanted[axis] % batch == 0)];
        if (open.Length > 1) throw new AmbiguousBatchException();
        if (open.Length == 0) return Add("Expand", value.Type, sizes, [value, Whole(wanted)]);
        GraphValue count = Count(sizes[open[0]] / batch);
        GraphValue[] parts = [.. Listed(wanted[..open[0]]), count, .. Listed(wanted[(open[0] + 1)..])];
        GraphValue shape = parts.Length == 1 ? count
            : Add("Concat", OnnxType.Int64, [sizes.Length], parts, ("axis", 0L));
        return Add("Expand", value.Type, sizes, [value, shape]);
    }

    private GraphValue[] Listed(long[] sizes) => sizes.Length == 0 ? [] : [Whole(sizes)];

    public GraphValue MatMul(GraphValue a, GraphValue b)
    {
        int[] longer = a.Sizes.Length >= b.Sizes.Length ? a.Sizes : b.Sizes;
        return Add("MatMul", [.. longer[..^2], a.Sizes[^2], b.Sizes[^1]], a, b);
    }

    public GraphValue Multiply(GraphValue value, float factor) =>
        factor == 1 ? value : Add("Mul", value.Sizes, value, Number(factor));

    public GraphValue Add(GraphValue value, float addend) =>
        addend == 0 ? value : Add("Add", value.Sizes, value, Number(addend));

    /// <summary>Sums along axes, which stay with size 1.</summary>
    public GraphValue Sum(GraphValue value, params int[] axes) => Add("ReduceSum", Reduced(value, axes),
        [value, Whole([.. axes.Select(axis => (long)axis)])], ("keepdims", 1L));

    /// <summary>Largest elements along axes, which stay with size 1.</summary>
    public GraphValue Max(GraphValue value, params int[] axes)
    {
        long[] numbers = [.. axes.Select(axis => (long)axis)];
        return opset < 18
            ? Add("ReduceMax", Reduced(value, axes), [value], ("axes", numbers), ("keepdims", 1L))
            : Add("ReduceMax", Reduced(value, axes), [value, Whole(numbers)], ("keepdims", 1L));
    }

    // Constants.

    /// <summary>A number without axes.</summary>
    public GraphValue Number(float number) => _constants.TryGetValue($"number {number:R}", out GraphValue? known)
        ? known
        : _constants[$"number {number:R}"] = Initializer($"number_{_constants.Count}", OnnxType.Float32, [],
            (float[])[number]);

    /// <summary>A list of whole numbers.</summary>
    public GraphValue Whole(long[] numbers)
    {
        string key = $"whole {string.Join(',', numbers)}";
        return _constants.TryGetValue(key, out GraphValue? known) ? known
            : _constants[key] = Initializer($"whole_{_constants.Count}", OnnxType.Int64, [numbers.Length], numbers);
    }

    /// <summary>A tensor of numbers.</summary>
    public GraphValue Numbers(float[] numbers, params int[] sizes) =>
        Initializer($"constant_{Graph.Initializers.Count}", OnnxType.Float32, sizes, numbers);

    /// <summary>A tensor of whole numbers.</summary>
    public GraphValue Whole(long[] numbers, params int[] sizes) =>
        Initializer($"constant_{Graph.Initializers.Count}", OnnxType.Int64, sizes, numbers);

    /// <summary>A table that several blocks read, kept once.</summary>
    public GraphValue Shared<T>(T[] elements, params int[] sizes) where T : IEquatable<T>
    {
        foreach (GraphInitializer one in _tables)
            if (one.Elements is T[] known && one.Value.Sizes.SequenceEqual(sizes)
                && known.AsSpan().SequenceEqual(elements))
                return one.Value;
        GraphValue value = typeof(T) == typeof(long) ? Whole((long[])(object)elements, sizes)
            : Numbers((float[])(object)elements, sizes);
        _tables.Add(Graph.Initializers[^1]);
        return value;
    }

    private GraphValue Initializer(string name, OnnxType type, int[] sizes, Array elements)
    {
        GraphValue value = new(name, type, sizes, false);
        Graph.Add(new GraphInitializer(value, elements));
        return value;
    }

    private GraphValue Constant(TracedStorage storage, int[] sizes)
    {
        if (storage.Weight is var (name, own))
        {
            _part = name.Contains('.') ? name[..name.LastIndexOf('.')] + "/" : "";
            return halfWeights && own.Length > 1 ? Half(name, own, storage.Numbers!)
                : Initializer(name, OnnxType.Float32, own, storage.Numbers!);
        }

        if (storage.Uniform is float number)
            return Expand(Reshape(Number(number), [.. sizes.Select(_ => 1)]), sizes);
        if (storage.Integers is int[] integers)
            return Whole(Array.ConvertAll(integers, integer => (long)integer), sizes);
        return Numbers(storage.Numbers ?? throw new NotSupportedException("a value that nobody computed"), sizes);
    }

    /// <summary>A weight in half precision, cast where it is read.</summary>
    private GraphValue Half(string name, int[] sizes, float[] numbers)
    {
        if (Array.FindIndex(numbers, number => !System.Half.IsFinite((Half)number)) is >= 0 and int place)
            throw new UsageException(
                $"'{name}' has {numbers[place]}, which half precision does not hold; export it in fp32.")
            { Field = "precision" };
        return Add("Cast", sizes, [Initializer(name, OnnxType.Float16, sizes, numbers)],
            ("to", (long)OnnxType.Float32));
    }

    /// <summary>A multiple of the number of images, as a list of one.</summary>
    private GraphValue Count(int factor)
    {
        GraphValue images = Images ?? throw new InvalidOperationException("Trace: there are no images.");
        string key = $"count {factor}";
        if (_constants.TryGetValue(key, out GraphValue? known)) return known;
        GraphValue count = Add("Shape", OnnxType.Int64, [1], [images], ("start", 0L), ("end", 1L));
        if (factor != 1) count = Add("Mul", OnnxType.Int64, [1], [count, Whole([factor])]);
        return _constants[key] = count;
    }

    /// <summary>Sizes of which the batch's is inferred.</summary>
    private long[] OpenSizes(int[] sizes, bool isBatched)
    {
        long[] open = [.. sizes.Select(size => (long)size)];
        if (!isBatched) return open;
        int[] axes = [.. Enumerable.Range(0, sizes.Length).Where(axis => sizes[axis] % batch == 0)];
        if (axes.Length != 1) throw new AmbiguousBatchException();
        open[axes[0]] = -1;
        return open;
    }

    private static int[] Reduced(GraphValue value, int[] axes) =>
        [.. value.Sizes.Select((size, axis) => axes.Contains(axis) ? 1 : size)];

    internal static int Common(params ReadOnlySpan<int> numbers)
    {
        int common = 0;
        foreach (int number in numbers)
            for (int a = number, b = common; ; (a, b) = (b, a % b))
                if (b == 0)
                {
                    common = a;
                    break;
                }

        return common;
    }

    private static float[] Joined(List<Piece> pieces, int rows) => [.. Enumerable.Range(0, rows).SelectMany(row =>
        pieces.SelectMany(piece => piece.Known!.AsSpan(row * piece.Columns, piece.Columns).ToArray()))];

    private sealed record Piece(Func<GraphValue> Value, float[]? Known, int Columns);
}

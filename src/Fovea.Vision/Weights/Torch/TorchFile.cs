using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Torch;

/// <summary>A file of <c>torch.save</c>, its pickle read: dicts within dicts laid flat, tensors left where they
/// are.</summary>
internal sealed class TorchFile : WeightFile
{
    private const int MostNodes = 1_000_000, Deepest = 16, LongestName = 500;
    private const long AlwaysAffordable = 64 << 20;

    private readonly WindowedFile _file;
    private readonly IReadOnlyDictionary<string, long> _offsets;
    private readonly Dictionary<string, Weight> _weights = [];
    private readonly List<string> _order = [];
    private int _nodes;

    /// <param name="file">Closed with this.</param>
    /// <param name="format">For people.</param>
    /// <param name="root">What the pickle holds.</param>
    /// <param name="offsets">Byte at which each storage begins.</param>
    /// <param name="passedOver">Names of values that were not read.</param>
    /// <exception cref="DataException">There are no tensors in it, or more than can be.</exception>
    public TorchFile(WindowedFile file, string format, object? root, IReadOnlyDictionary<string, long> offsets,
        IReadOnlyCollection<string> passedOver)
    {
        PassedOver = passedOver;
        _file = file;
        Format = format;
        _offsets = offsets;
        if (root is TorchTensor)
            throw new DataException($"{file.Path}: holds a tensor without a name; save a dict of names and tensors.");
        Visit(root, "", 0);
        if (_order.Count == 0) throw new DataException($"{file.Path}: holds no tensors.");
        Weights = [.. _order.Select(name => _weights[name])];

        // A tensor may show the same numbers many times over (a stride of 0), so that few bytes claim a lot of memory.
        Int128 bytes = Weights.Aggregate((Int128)0, (sum, weight) => sum + (Int128)weight.Count * sizeof(float));
        if (bytes > AlwaysAffordable + (Int128)8 * file.Length)
            throw new DataException(
                $"{file.Path}: its tensors would unpack from {file.Length} to {bytes} bytes; "
                + "it is damaged or hostile.");
    }

    public override string Path => _file.Path;

    public override string Format { get; }

    public override IReadOnlyList<Weight> Weights { get; }

    public override IReadOnlyCollection<string> PassedOver { get; }

    protected override void Dispose(bool disposing) => _file.Dispose();

    private void Visit(object? value, string name, int depth)
    {
        if (++_nodes > MostNodes || depth > Deepest)
            throw new DataException($"{Path}: nests too deeply ({MostNodes} values, {Deepest} levels are read).");
        switch (value)
        {
            case TorchTensor tensor: Add(name, tensor); break;
            case Dictionary<string, object?> entries:
                VisitAll(entries.Select(entry => (entry.Key, entry.Value)), name,
                depth); break;
            case List<object?> list: VisitAll(list.Select((item, i) => ($"{i}", item)), name, depth); break;
            case object?[] tuple: VisitAll(tuple.Select((item, i) => ($"{i}", item)), name, depth); break;
        }
    }

    private void VisitAll(IEnumerable<(string Name, object? Value)> entries, string prefix, int depth)
    {
        foreach ((string name, object? value) in entries)
        {
            if (value is not (TorchTensor or Dictionary<string, object?> or List<object?> or object?[])) continue;
            if (prefix.Length + name.Length > LongestName)
                throw new DataException($"{Path}: the name of a tensor has more than {LongestName} letters.");
            Visit(value, prefix.Length == 0 ? name : $"{prefix}.{name}", depth + 1);
        }
    }

    private void Add(string name, TorchTensor tensor)
    {
        if (!_weights.TryAdd(name, tensor.ToWeight(name, _file, _offsets[tensor.Storage.Key])))
            throw new DataException($"{Path}: the tensor '{name}' is there twice.");
        _order.Add(name);
    }
}

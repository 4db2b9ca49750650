using Fovea.Core.Formats;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Torch;

/// <summary>
/// What pickles of PyTorch may refer to: tensors, parameters, storages, sizes, ordered dicts, and inert values that
/// training scripts leave beside them. Everything else is refused by its name, and nothing is executed: a "call" only
/// makes a record.
/// </summary>
/// <remarks>Source: what <c>torch._utils</c> and <c>torch.serialization</c> write, PyTorch 0.4 to 2.</remarks>
internal sealed class TorchObjects(string path) : IPickleObjects
{
    /// <summary>Packages and classes of plain values that scripts leave beside weights.</summary>
    private static readonly string[] InertPackages =
        ["numpy", "datetime", "pathlib", "decimal", "fractions", "uuid", "zoneinfo"];

    private static readonly HashSet<string> InertNames =
    [
        "_codecs.encode", "copyreg._reconstructor", "copy_reg._reconstructor", "collections.deque", "torch.Generator",
        "torch.serialization._get_layout", "torch.layout", "torch.memory_format",
        .. from module in new[] { "builtins", "__builtin__" }
           from name in new[]
           {
               "set", "frozenset", "list", "tuple", "dict", "int", "long", "float", "complex", "bool", "str", "bytes",
               "bytearray", "slice", "range", "xrange", "object", "unicode",
           }
           select $"{module}.{name}",
    ];

    private readonly Dictionary<string, TorchStorage> _storages = [];
    private readonly SortedSet<string> _passedOver = new(StringComparer.Ordinal);

    private enum Part
    {
        Dict,
        Values,
        Tuple,
        Tensor,
        TypedTensor,
        Parameter,
    }

    /// <summary>Something inert, of which nothing is kept.</summary>
    private enum Inert
    {
        Value,
    }

    public string Kinds => "tensors and plain values";

    public string Advice =>
        "If you trust the file, load it in PyTorch and save model.state_dict(), best as safetensors.";

    /// <summary>The storages that tensors refer to, by key; of several views the one that needs most.</summary>
    public IReadOnlyDictionary<string, TorchStorage> Storages => _storages;

    /// <summary>Python names of plain values that were not read, e.g. <c>numpy.random.mtrand.RandomState</c>.</summary>
    public IReadOnlyCollection<string> PassedOver => _passedOver;

    public object? Find(string module, string name) => (module, name) switch
    {
        ("collections", "OrderedDict" or "Counter" or "defaultdict") => Part.Dict,
        ("argparse", "Namespace") => Part.Values,
        ("torch", "Size") => Part.Tuple,
        ("torch", "device") => Inert.Value,
        ("torch._utils", "_rebuild_tensor" or "_rebuild_tensor_v2") => Part.Tensor,
        ("torch._utils", "_rebuild_tensor_v3") => Part.TypedTensor,
        ("torch._utils", "_rebuild_parameter" or "_rebuild_parameter_with_state") => Part.Parameter,
        ("torch.storage", "UntypedStorage") => WeightType.U8,
        ("torch" or "torch.cuda", _) when TypeOf(name) is { } type => type,
        _ when InertNames.Contains($"{module}.{name}") || InertPackages.Contains(module.Split('.')[0]) =>
            PassOver($"{module}.{name}"),
        _ => null,
    };

    private Inert PassOver(string name)
    {
        _passedOver.Add(name);
        return Inert.Value;
    }

    public object? Call(object callee, object?[] arguments) => (callee, arguments) switch
    {
        (Part.Dict, [] or [null or Inert or Part]) or (Part.Values, []) => new Dictionary<string, object?>(),
        (Part.Dict, [Dictionary<string, object?> entries]) => entries,
        (Part.Dict, [List<object?> pairs]) => FromPairs(pairs),
        (Part.Tuple, [object?[] sizes]) => sizes,
        (Part.Tuple, [List<object?> sizes]) => sizes.ToArray(),
        (Part.Tensor, [TorchStorage storage, long offset, object?[] shape, object?[] strides, ..]) =>
            TorchTensor.Create(storage, offset, shape, strides, path),
        (Part.TypedTensor, [TorchStorage storage, long offset, object?[] shape, object?[] strides, _, _,
            WeightType type, ..]) =>
            TorchTensor.Create(storage with { Type = type, Count = storage.Count * storage.Type.Bytes / type.Bytes },
                offset, shape, strides, path),
        (Part.Parameter, [TorchTensor tensor, ..]) => tensor,
        (Inert.Value, _) => Inert.Value,
        _ => null,
    };

    /// <summary>Attributes, such as an ordered dict's <c>_metadata</c> or a namespace's values, are passed
    /// over.</summary>
    public string? SetState(object? target, object? state) =>
        target is Dictionary<string, object?> or TorchTensor or Inert ? null
            : "sets the state of something other than a dict or tensor";

    public object? Load(object? id)
    {
        if (id is not (object?[] and [PickleText kind, WeightType type, PickleText key, _, long count, ..])
            || kind.ToString() != "storage"
            || count is < 0 or > 1L << 48) return null;
        TorchStorage whole = new(key.ToString(), type, count);
        Require(whole);
        if (((object?[])id) is not [_, _, _, _, _, object?[] and [_, long start, long length]]) return whole;
        return start >= 0 && length >= 0 && start <= count - length ? whole with { Start = start, Count = length }
            : null;
    }

    private void Require(TorchStorage storage)
    {
        if (!_storages.TryGetValue(storage.Key, out TorchStorage? known) || known.BytesNeeded < storage.BytesNeeded)
            _storages[storage.Key] = storage;
    }

    /// <summary>The numbers of a storage class such as <c>FloatStorage</c>, or of a type such as
    /// <c>float32</c>.</summary>
    private static object? TypeOf(string name) => name switch
    {
        "DoubleStorage" or "float64" => WeightType.F64,
        "FloatStorage" or "float32" => WeightType.F32,
        "HalfStorage" or "float16" => WeightType.F16,
        "BFloat16Storage" or "bfloat16" => WeightType.BF16,
        "float8_e4m3fn" => WeightType.F8E4M3,
        "float8_e5m2" => WeightType.F8E5M2,
        "LongStorage" or "int64" => WeightType.I64,
        "IntStorage" or "int32" => WeightType.I32,
        "ShortStorage" or "int16" => WeightType.I16,
        "CharStorage" or "int8" => WeightType.I8,
        "ByteStorage" or "UntypedStorage" or "uint8" => WeightType.U8,
        "uint16" => WeightType.U16,
        "uint32" => WeightType.U32,
        "uint64" => WeightType.U64,
        "BoolStorage" or "bool" => WeightType.BOOL,
        _ => null,
    };

    /// <summary>As version 2 of Python writes ordered dicts: a list of pairs.</summary>
    private Dictionary<string, object?> FromPairs(List<object?> pairs)
    {
        Dictionary<string, object?> entries = [];
        foreach (object? pair in pairs)
        {
            (object? key, object? value) = pair switch
            {
                List<object?> and [var first, var second] => (first, second),
                object?[] and [var first, var second] => (first, second),
                _ => (null, null),
            };
            entries[key is PickleText text ? text.ToString()
                : throw new DataException($"{path}: has an ordered dict of something other than names and values.")] =
                    value;
        }

        return entries;
    }
}

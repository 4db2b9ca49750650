using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

/// <summary>
/// Operators of ATen for the length of one primitive: every tensor that one of its methods returns is deleted at the
/// end, unless a storage adopted it.
/// </summary>
internal readonly unsafe ref struct Aten
{
    // Marks handles of views, whose memory is somebody else's: no storage may adopt them.
    private const nint ViewMark = 1;

    [ThreadStatic]
    private static List<nint>? _owned;

    private readonly TorchBackend _backend;
    private readonly List<nint> _stack;
    private readonly int _start;

    internal Aten(TorchBackend backend)
    {
        _backend = backend;
        _stack = _owned ??= Begin(backend);
        _start = _stack.Count;
    }

    private LibTorch Torch => _backend.Torch;

    public void Dispose()
    {
        for (int i = _stack.Count - 1; i >= _start; i--) _backend.Delete(new(_stack[i] & ~ViewMark));
        _stack.RemoveRange(_start, _stack.Count - _start);
    }

    // Memory.

    /// <summary>A tensor with unset elements.</summary>
    public NativeTensor Empty(ReadOnlySpan<long> sizes, int? type = null) =>
        Own(_backend.Empty(sizes, type ?? Torch.Float32));

    public NativeTensor Zeros(ReadOnlySpan<long> sizes)
    {
        NativeTensor tensor = Empty(sizes);
        Check(Torch.Zero(tensor.Handle), "zero_");
        return tensor;
    }

    /// <summary>One number on the device; remembered between calls.</summary>
    public NativeTensor Number(double value) => _backend.Number(value);

    /// <summary>A view of a storage from its first element on, row by row.</summary>
    public NativeTensor View(Storage storage, params ReadOnlySpan<long> sizes) =>
        View(((TorchStorage)storage).Tensor, sizes);

    /// <summary>A view of what may be missing.</summary>
    public NativeTensor? Present(Storage? storage, long size) => storage is null ? null : View(storage, [size]);

    public NativeTensor View(NativeTensor tensor, params ReadOnlySpan<long> sizes)
    {
        Span<long> strides = stackalloc long[sizes.Length];
        long stride = 1;
        for (int axis = sizes.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= sizes[axis];
        }

        return Strided(tensor, sizes, strides);
    }

    public NativeTensor Strided(Storage storage, ReadOnlySpan<long> sizes, ReadOnlySpan<long> strides,
        long offset = 0) =>
        Strided(((TorchStorage)storage).Tensor, sizes, strides, offset);

    /// <summary>Operands of products, to read only: in bfloat16 where the device computes them so.</summary>
    public NativeTensor OperandView(Storage storage, params ReadOnlySpan<long> sizes) =>
        View(OperandOf(storage), sizes);

    public NativeTensor OperandStrided(Storage storage, ReadOnlySpan<long> sizes, ReadOnlySpan<long> strides,
        long offset = 0) =>
        Strided(OperandOf(storage), sizes, strides, offset);

    /// <summary>Another view of the same memory.</summary>
    public NativeTensor Strided(NativeTensor tensor, ReadOnlySpan<long> sizes, ReadOnlySpan<long> strides,
        long offset = 0)
    {
        nint view;
        fixed (long* first = sizes, step = strides)
            Check(Torch.Reinterpret(tensor.Handle, sizes.Length, first, step, offset, &view), "as_strided");
        return OwnView(Counted(view));
    }

    /// <summary>destination ← source, between views of any strides and types.</summary>
    public void Copy(NativeTensor source, NativeTensor destination) =>
        Check(Torch.Copy(destination.Handle, source.Handle, 0), "copy_");

    /// <summary>The same, in the device's own order; not 0 after an error.</summary>
    public int CopyWithoutWaiting(NativeTensor source, NativeTensor destination) =>
        Torch.Copy(destination.Handle, source.Handle, 1);

    /// <summary>A contiguous copy, of another type if asked for.</summary>
    public NativeTensor Cloned(NativeTensor source, ReadOnlySpan<long> sizes, int? type = null)
    {
        NativeTensor copy = Empty(sizes, type);
        Copy(source, copy);
        return copy;
    }

    public void Zero(NativeTensor tensor) => Check(Torch.Zero(tensor.Handle), "zero_");

    public void Fill(NativeTensor tensor, double value) => Check(Torch.Fill(tensor.Handle, value), "fill_");

    /// <summary>destination += factor · source, in place.</summary>
    public void AddTo(NativeTensor destination, NativeTensor source, double factor = 1, NativeTensor? times = null) =>
        Nothing("_foreach_addcmul_.Tensor", (NativeTensor[])[destination], (NativeTensor[])[source],
            (NativeTensor[])[times ?? Number(1)], _backend.HostNumbers(factor));

    /// <summary>Writes a result to where it belongs: adds it, or lets the storage take it over.</summary>
    public void Put(NativeTensor result, in Target target, int count)
    {
        TorchStorage storage = (TorchStorage)target.Storage;
        if (target.Accumulate) AddTo(Flat(storage, count), Flat(result, count));
        else Put(result, storage, count);
    }

    /// <summary>Writes a result of a product, which may stay in bfloat16.</summary>
    public void PutProduct(NativeTensor result, in Target target, int count)
    {
        if (target.Accumulate) Put(Single(result), target, count);
        else PutProduct(result, target.Storage, count);
    }

    public void PutProduct(NativeTensor result, Storage storage, int count) =>
        Put(result, storage, count, ProductType);

    /// <summary>Writes a result over a storage; a contiguous one that fills it becomes its memory.</summary>
    public void Put(NativeTensor result, Storage storage, int count, int? type = null)
    {
        TorchStorage destination = (TorchStorage)storage;
        int owned = _stack.LastIndexOf(result.Handle);
        if (destination.Capacity != count || owned < _start)
        {
            Copy(Flat(result, count), Flat(destination, count));
            return;
        }

        NativeTensor flat = Contiguous(result, count);
        GiveAway(flat);
        destination.Adopt(flat, type ?? Torch.Float32);
    }

    /// <summary>Lets somebody else delete a tensor.</summary>
    public void GiveAway(NativeTensor tensor) => _stack.RemoveAt(_stack.LastIndexOf(tensor.Handle));

    /// <summary>A result whose elements lie in another order than row by row is copied first.</summary>
    private NativeTensor Contiguous(NativeTensor tensor, int count)
    {
        byte contiguous;
        Check(Torch.IsContiguous(tensor.Handle, &contiguous), "is_contiguous");
        return contiguous != 0 ? tensor : One("reshape", tensor, (long[])[count]);
    }

    private NativeTensor Flat(NativeTensor tensor, int count) => View(Contiguous(tensor, count), count);

    private NativeTensor Flat(TorchStorage storage, int count) => View(storage.Tensor, count);

    // Calls.

    /// <summary>Calls an operator with one result.</summary>
    public NativeTensor One(AtenOperator called, params ReadOnlySpan<Argument> arguments)
    {
        ulong result = 0;
        _backend.Dispatcher.Call(called, arguments, new Span<ulong>(ref result));
        return Own(Counted((nint)result));
    }

    public (NativeTensor First, NativeTensor Second) Two(AtenOperator called, params ReadOnlySpan<Argument> arguments)
    {
        Span<ulong> results = stackalloc ulong[2];
        _backend.Dispatcher.Call(called, arguments, results);
        return (Own(Counted((nint)results[0])), Own(Counted((nint)results[1])));
    }

    public (NativeTensor First, NativeTensor Second, NativeTensor Third) Three(AtenOperator called,
        params ReadOnlySpan<Argument> arguments)
    {
        Span<ulong> results = stackalloc ulong[3];
        _backend.Dispatcher.Call(called, arguments, results);
        return (Own(Counted((nint)results[0])), Own(Counted((nint)results[1])), Own(Counted((nint)results[2])));
    }

    /// <summary>The first two results of more.</summary>
    /// <param name="called">The operator.</param>
    /// <param name="results">What it returns, a letter each: <c>t</c> for a tensor, <c>i</c> for a number.</param>
    /// <param name="arguments">Its arguments.</param>
    public (NativeTensor First, NativeTensor Second) FirstTwo(AtenOperator called, string results,
        params ReadOnlySpan<Argument> arguments)
    {
        (NativeTensor first, NativeTensor second, _) = FirstThree(called, results, arguments);
        return (first, second);
    }

    public (NativeTensor First, NativeTensor Second, NativeTensor Third) FirstThree(AtenOperator called,
        string results, params ReadOnlySpan<Argument> arguments)
    {
        Span<ulong> values = stackalloc ulong[results.Length];
        _backend.Dispatcher.Call(called, arguments, values);
        for (int i = 0; i < values.Length; i++)
            if (results[i] == 't') Own(Counted((nint)values[i]));
        return (new((nint)values[0]), new((nint)values[1]), new((nint)values[2]));
    }

    /// <summary>Size of an axis.</summary>
    public long SizeOf(NativeTensor tensor, long axis)
    {
        long size;
        Check(Torch.Size(tensor.Handle, axis, &size), "size");
        return size;
    }

    /// <summary>Takes over a tensor that was made by hand.</summary>
    public NativeTensor Owning(NativeTensor tensor) => Own(Counted(tensor.Handle));

    /// <summary>Calls an operator that changes its arguments and returns nothing.</summary>
    public void Nothing(AtenOperator called, params ReadOnlySpan<Argument> arguments) =>
        _backend.Dispatcher.Call(called, arguments, []);

    /// <summary>Calls an operator that returns a list of tensors.</summary>
    public NativeTensor[] Many(AtenOperator called, params ReadOnlySpan<Argument> arguments)
    {
        ulong list = 0;
        _backend.Dispatcher.Call(called, arguments, new Span<ulong>(ref list));
        nuint size;
        Check(Torch.ListSize((nint)list, &size), "a list");
        NativeTensor[] tensors = new NativeTensor[(int)size];
        for (int i = 0; i < tensors.Length; i++)
        {
            ulong item;
            Check(Torch.ListItem((nint)list, (nuint)i, &item), "a list");
            tensors[i] = Own(Counted((nint)item));
        }

        Check(Torch.DeleteList((nint)list), "a list");
        return tensors;
    }

    /// <summary>A tensor that is none, for arguments that may be undefined.</summary>
    public NativeTensor Undefined()
    {
        nint tensor;
        Check(Torch.NewUndefined(&tensor), "an undefined tensor");
        return Own(Counted(tensor));
    }

    // Operators that many primitives use.

    /// <summary>a + factor · b.</summary>
    public NativeTensor Add(NativeTensor a, NativeTensor b, double factor = 1)
    {
        nint sum;
        Check(Torch.Subtract(a.Handle, b.Handle, -factor, &sum), "subtract");
        return Own(Counted(sum));
    }

    public NativeTensor Subtract(NativeTensor a, NativeTensor b) => Add(a, b, -1);

    public NativeTensor Multiply(NativeTensor a, NativeTensor b) => One("mul.Tensor", a, b);

    public NativeTensor Multiply(NativeTensor a, double factor) => factor == 1 ? a : Multiply(a, Number(factor));

    public NativeTensor Divide(NativeTensor a, NativeTensor b) => One("div.Tensor", a, b);

    public NativeTensor Exp(NativeTensor x) => One("exp", x);

    /// <summary>condition ? a : b.</summary>
    public NativeTensor Where(NativeTensor condition, NativeTensor a, NativeTensor b) =>
        One("where.self", condition, a, b);

    public NativeTensor Greater(NativeTensor a, NativeTensor b) => One("gt.Tensor", a, b);

    /// <summary>Sum over axes.</summary>
    public NativeTensor Sum(NativeTensor x, long[] axes, bool keep = false) =>
        One("sum.dim_IntList", x, Argument.Some(axes), keep, Argument.Some(Argument.Type(Torch.Float32)));

    /// <summary>An operand of products: rounded where the device computes them in bfloat16.</summary>
    public NativeTensor Operand(NativeTensor x) => _backend.IsLow ? As(x, Torch.BFloat16) : x;

    public NativeTensor? Operand(NativeTensor? x) => x is { } present ? Operand(present) : null;

    /// <summary>Type of operands and results of products.</summary>
    public int ProductType => _backend.IsLow ? Torch.BFloat16 : Torch.Float32;

    /// <summary>a b [+ bias], of operands; a new tensor <c>[rows, columns]</c> of their type.</summary>
    public NativeTensor ProductOf(NativeTensor a, NativeTensor b, long rows, long columns, NativeTensor? bias = null)
    {
        NativeTensor result = Empty([rows, columns], ProductType);
        Check(Torch.AddMatrixProduct(result.Handle, (bias ?? result).Handle, a.Handle, b.Handle, bias is null ? 0 : 1,
            1), "addmm");
        return result;
    }

    /// <summary>The result of such operands, in single precision again.</summary>
    public NativeTensor Single(NativeTensor x) => _backend.IsLow ? As(x, Torch.Float32) : x;

    /// <summary>out ← beta · out + alpha · a b, with beta 0 or 1.</summary>
    public void Product(NativeTensor result, NativeTensor a, NativeTensor b, double beta = 0, double alpha = 1)
    {
        if (!_backend.IsLow)
            Check(Torch.AddMatrixProduct(result.Handle, result.Handle, a.Handle, b.Handle, (float)beta, (float)alpha),
                "addmm");
        else if (beta == 0) Copy(Multiply(Single(One("mm", Operand(a), Operand(b))), alpha), result);
        else AddTo(result, Single(One("mm", Operand(a), Operand(b))), alpha);
    }

    /// <summary>out ← self + a b, self being repeated where it has fewer rows.</summary>
    public void ProductPlus(NativeTensor result, NativeTensor self, NativeTensor a, NativeTensor b)
    {
        if (!_backend.IsLow)
        {
            Check(Torch.AddMatrixProduct(result.Handle, self.Handle, a.Handle, b.Handle, 1, 1), "addmm");
            return;
        }

        Copy(self, result);
        Product(result, a, b, beta: 1);
    }

    /// <summary>Products of each pair of a batch, <c>[batch, rows, inner] · [batch, inner, columns]</c>.</summary>
    public NativeTensor BatchProduct(NativeTensor a, NativeTensor b) =>
        Single(ExactBatchProduct(Operand(a), Operand(b)));

    /// <summary>The same in single precision on every device: of maps, sums and exponents.</summary>
    public NativeTensor ExactBatchProduct(NativeTensor a, NativeTensor b) => One("bmm", a, b);

    /// <summary>The axes of <c>[batch, a, b]</c> exchanged: a view.</summary>
    public NativeTensor Transposed(NativeTensor x)
    {
        NativeTensor view = One("transpose.int", x, -2L, -1L);
        _stack[^1] |= ViewMark;
        return view;
    }

    private NativeTensor OperandOf(Storage storage) =>
        _backend.IsLow ? ((TorchStorage)storage).Low : ((TorchStorage)storage).Tensor;

    /// <summary>Operand of a convolution: in double precision where it has to be, else as it is.</summary>
    public NativeTensor Widened(NativeTensor x) => _backend.ConvolvesInDouble ? As(x, Torch.Float64) : x;

    public NativeTensor? Widened(NativeTensor? x) => x is { } present ? Widened(present) : null;

    /// <summary>Result of such operands, in their type before.</summary>
    public NativeTensor Narrowed(NativeTensor x) => _backend.ConvolvesInDouble ? As(x, Torch.Float32) : x;

    /// <summary>Numbers of another type.</summary>
    public NativeTensor As(NativeTensor x, int type) =>
        One("to.dtype", x, Argument.Type(type), false, false, Argument.None);

    public void Check(int failed, string what)
    {
        if (failed != 0) throw _backend.Dispatcher.Failure(what);
    }

    private NativeTensor Own(NativeTensor tensor)
    {
        _stack.Add(tensor.Handle);
        return tensor;
    }

    private NativeTensor OwnView(NativeTensor tensor)
    {
        _stack.Add(tensor.Handle | ViewMark);
        return tensor;
    }

    private static NativeTensor Counted(nint handle)
    {
        HandleCount.Add();
        return new(handle);
    }

    /// <summary>Prepares a thread for its first call: libtorch's own tape would keep everything.</summary>
    private static List<nint> Begin(TorchBackend backend)
    {
        backend.Torch.SetGradMode(0);
        return new(64);
    }
}

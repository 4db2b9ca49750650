
namespace Fovea.Tensors;

/// <summary>
/// A contiguous, row-major array on a <see cref="Tensors.Device"/>. Temporaries need no <c>Dispose</c>: what is created
/// inside a <see cref="StepScope"/> goes back to the pool when the scope ends, unless <see cref="Keep"/> was called.
/// </summary>
/// <remarks>
/// A tensor belongs to the thread that made it. Kept ones, such as parameters, may be read and reshaped by several
/// threads at once while nobody changes or releases them.
/// </remarks>
public sealed class Tensor
{
    private Storage? _storage;
    private Tensor? _gradient;
    private string _releasedBy = "";
    private (int Least, int Largest)? _range;   // of whole numbers that came from the host

    private Tensor(Device device, Shape shape, ElementType elementType, Storage storage, string origin)
    {
        Device = device;
        Shape = shape;
        ElementType = elementType;
        Origin = origin;
        _storage = storage;
        storage.Retain();
        StepScope.Current?.Adopt(this);
    }

    /// <summary>Device that holds the elements.</summary>
    public Device Device { get; }

    /// <summary>Sizes of the axes, slowest first.</summary>
    public Shape Shape { get; }

    /// <summary>Type of an element.</summary>
    public ElementType ElementType { get; }

    /// <summary>The operator that made this tensor, for messages.</summary>
    public string Origin { get; }

    /// <summary>True for parameters, and for what was computed from them while a <see cref="Tape"/> recorded.</summary>
    public bool RequiresGradient { get; set; }

    /// <summary>True once the buffer has gone back to the pool.</summary>
    public bool IsReleased => _storage is null;

    /// <summary>Sum of what <see cref="Tape.Backward(Tensor, Tensor?)"/> delivered since <see cref="ClearGradient"/>,
    /// or null.</summary>
    public Tensor? Gradient => HasGradient ? _gradient : null;

    internal bool HasGradient { get; private set; }

    internal bool IsKept { get; private set; }

    /// <exception cref="TensorReleasedException">The buffer went back to the pool.</exception>
    internal Storage Storage => _storage ?? throw new TensorReleasedException(
        $"{Origin}: this tensor {Shape} was released {_releasedBy}; "
        + "call Keep() on it before that to use it afterwards.");

    /// <summary>A tensor with unset contents.</summary>
    public static Tensor Empty(Shape shape, Device device, ElementType elementType = ElementType.Float32,
        string origin = "Empty") =>
        new(device, shape, elementType, device.Backend.Rent(shape.Elements), origin);

    /// <summary>A tensor of one value throughout.</summary>
    public static Tensor Full(Shape shape, float value, Device device)
    {
        Tensor tensor = Empty(shape, device, origin: "Full");
        device.Backend.Fill(tensor.Storage, shape.Elements, value);
        return tensor;
    }

    /// <summary>A tensor of zeros.</summary>
    public static Tensor Zeros(Shape shape, Device device) => Full(shape, 0, device);

    /// <summary>A tensor with these values, row-major.</summary>
    /// <exception cref="ShapeException">As many values as the shape has elements are needed.</exception>
    public static Tensor From(ReadOnlySpan<float> values, Shape shape, Device device)
    {
        Tensor tensor = Empty(shape, device, origin: "From");
        tensor.CopyFrom(values);
        return tensor;
    }

    /// <summary>A tensor of labels or indices.</summary>
    /// <exception cref="ShapeException">As many values as the shape has elements are needed.</exception>
    public static Tensor From(ReadOnlySpan<int> values, Shape shape, Device device)
    {
        RequireCount(values.Length, shape);
        Tensor tensor = Empty(shape, device, ElementType.Int32, "From");
        device.Backend.Write(tensor.Storage, values);
        (int least, int largest) = (int.MaxValue, int.MinValue);
        foreach (int value in values) (least, largest) = (Math.Min(least, value), Math.Max(largest, value));
        tensor._range = (least, largest);
        return tensor;
    }

    /// <summary>True for whole numbers that came from the host and are all from 0 to below a limit: nothing has to be
    /// read back, for which a device that works behind calls would be waited for.</summary>
    internal bool IsKnownBelow(int limit) => _range is ( >= 0, int largest) && largest < limit;

    /// <summary>Overwrites all elements.</summary>
    /// <exception cref="ShapeException">As many values as the shape has elements are needed.</exception>
    public void CopyFrom(ReadOnlySpan<float> values)
    {
        RequireCount(values.Length, Shape);
        Device.Backend.Write(Storage, values);
    }

    /// <summary>Overwrites a range of elements, so that large tensors can be filled piece by piece.</summary>
    /// <param name="values">Row-major.</param>
    /// <param name="start">The first element to overwrite.</param>
    /// <exception cref="ShapeException">The range does not lie in the tensor.</exception>
    public void CopyFrom(ReadOnlySpan<float> values, int start)
    {
        RequireRange(start, values.Length);
        Device.Backend.Write(Storage, values, start);
    }

    /// <summary>Copies a range of elements out.</summary>
    /// <param name="values">Row-major.</param>
    /// <param name="start">The first element to copy.</param>
    /// <exception cref="ShapeException">The range does not lie in the tensor.</exception>
    public void CopyTo(Span<float> values, int start)
    {
        RequireRange(start, values.Length);
        Device.Backend.Read(Storage, values, start);
    }

    /// <summary>Copies all elements out.</summary>
    /// <exception cref="ShapeException">The destination must have as many elements as the shape.</exception>
    public void CopyTo(Span<float> values)
    {
        RequireCount(values.Length, Shape);
        Device.Backend.Read(Storage, values);
    }

    /// <summary>Expects a weight to stay as it is for many products, as in inference: the device may keep what they
    /// make of it, beside it. A change is noticed.</summary>
    public void Settle() => Device.Backend.Settle(Storage);

    /// <summary>All elements, row-major.</summary>
    public float[] ToArray()
    {
        float[] values = new float[Shape.Elements];
        CopyTo(values);
        return values;
    }

    /// <summary>All labels or indices, row-major.</summary>
    public int[] ToIntArray()
    {
        int[] values = new int[Shape.Elements];
        Device.Backend.Read(Storage, values);
        return values;
    }

    /// <summary>The value of a tensor with one element.</summary>
    /// <exception cref="ShapeException">There is not exactly one element.</exception>
    public float Item()
    {
        if (Shape.Elements != 1) throw new ShapeException($"Item: needs exactly one element, got {Shape}.");
        Span<float> value = stackalloc float[1];
        CopyTo(value);
        return value[0];
    }

    /// <summary>The same elements under another shape; shares the memory. One size may be -1 and is then
    /// inferred.</summary>
    /// <exception cref="ShapeException">The element counts differ.</exception>
    public Tensor Reshape(params ReadOnlySpan<int> sizes) => Ops.Reshape(this, sizes);

    /// <summary>Takes the tensor out of its scope: it lives until <see cref="Release()"/> or until it is
    /// garbage.</summary>
    /// <returns>This tensor.</returns>
    public Tensor Keep()
    {
        _ = Storage;
        IsKept = true;
        return this;
    }

    /// <summary>Gives the buffer back to the pool now; using the tensor afterwards throws.</summary>
    public void Release() => Release("by Release()");

    /// <summary>Forgets the gradient; its buffer is kept for the next one.</summary>
    public void ClearGradient() => HasGradient = false;

    /// <summary>Makes these values the gradient, row-major, instead of what there is.</summary>
    /// <exception cref="ShapeException">As many values as the shape has elements are needed.</exception>
    public void SetGradient(ReadOnlySpan<float> values)
    {
        RequireCount(values.Length, Shape);
        HasGradient = false;
        Device.Backend.Write(GradientTarget().Storage, values);
    }

    /// <summary>Takes the gradient away, for <see cref="AttachGradient"/>; null where there is none.</summary>
    public Tensor? DetachGradient()
    {
        if (!HasGradient) return null;
        Tensor? gradient = _gradient;
        (_gradient, HasGradient) = (null, false);
        return gradient;
    }

    /// <summary>Puts a gradient back that <see cref="DetachGradient"/> took, instead of what there is.</summary>
    public void AttachGradient(Tensor gradient)
    {
        ReleaseGradient();
        (_gradient, HasGradient) = (gradient, true);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Origin} {Shape} on {Device}";

    internal void Release(string by)
    {
        if (_storage is null) return;
        _releasedBy = by;
        Interlocked.Exchange(ref _storage, null)?.Release();
        ReleaseGradient();
    }

    internal void ReleaseGradient()
    {
        _gradient?.Release("with its tensor");
        _gradient = null;
        HasGradient = false;
    }

    /// <summary>The gradient's buffer for a backward pass to write into; added to where it already holds a
    /// part.</summary>
    internal Target GradientTarget()
    {
        bool accumulate = HasGradient;
        GradientOrder.Touch(this);
        _gradient ??= new Tensor(Device, Shape, ElementType, Device.Backend.Rent(Shape.Elements), "gradient").Keep();
        HasGradient = true;
        return new Target(_gradient.Storage, accumulate);
    }

    /// <summary>Memory of the gradient that there is or was; the next one comes there.</summary>
    internal Storage? GradientStorage => _gradient?.Storage;

    /// <summary>A gradient was written to <see cref="GradientStorage"/>.</summary>
    internal void NoteGradient() => HasGradient = true;

    /// <summary>Moves <paramref name="source"/>'s gradient here (no copy) if this tensor has none yet, else adds it.
    /// The source's is gone.</summary>
    internal void TakeGradient(Tensor source)
    {
        if (_gradient is null)
        {
            GradientOrder.Touch(this);
            _gradient = source._gradient!.Share(Shape, "gradient").Keep();
            HasGradient = true;
            source.ReleaseGradient();
            return;
        }

        Device.Backend.AddScaled(source._gradient!.Storage, GradientTarget(), Shape.Elements, 1);
        source.ReleaseGradient();
    }

    internal Tensor Share(Shape shape, string origin) => new(Device, shape, ElementType, Storage, origin);

    private void RequireRange(int start, int count)
    {
        if (start < 0 || count > Shape.Elements - start)
            throw new ShapeException($"Tensor: {Shape} has no {count} elements from number {start} on.");
    }

    private static void RequireCount(int count, Shape shape)
    {
        if (count != shape.Elements)
            throw new ShapeException($"Tensor: {shape} has {shape.Elements} elements, got {count} values.");
    }
}

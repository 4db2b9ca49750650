namespace Fovea.Torch.Native;

/// <summary>An argument of an ATen operator, in one of the forms that the dispatcher takes. Numbers of the schema's
/// type <c>Scalar</c> are not among them.</summary>
internal readonly struct Argument
{
    internal enum Form
    {
        /// <summary>Passed as its bits.</summary>
        Bits,
        Tensor,
        Integers,
        Flags,
        Tensors,
        OptionalTensors,
        Text,
    }

    private Argument(Form kind, ulong bits, object? value = null, bool isOptional = false) =>
        (Kind, Bits, Value, IsOptional) = (kind, bits, value, isOptional);

    public Form Kind { get; }

    /// <summary>A number's bits, or a tensor's handle.</summary>
    public ulong Bits { get; }

    /// <summary>A list or a text.</summary>
    public object? Value { get; }

    /// <summary>The schema says <c>?</c>: the value is passed in a cell.</summary>
    public bool IsOptional { get; }

    /// <summary>Nothing, for an optional argument.</summary>
    public static Argument None => new(Form.Bits, 0);

    public static implicit operator Argument(NativeTensor tensor) => new(Form.Tensor, (ulong)tensor.Handle);

    public static implicit operator Argument(long value) => new(Form.Bits, (ulong)value);

    public static implicit operator Argument(bool value) => new(Form.Bits, value ? 1UL : 0);

    public static implicit operator Argument(double value) => new(Form.Bits, BitConverter.DoubleToUInt64Bits(value));

    public static implicit operator Argument(string text) => new(Form.Text, 0, text);

    public static implicit operator Argument(long[] values) => new(Form.Integers, 0, values);

    public static implicit operator Argument(bool[] values) => new(Form.Flags, 0, values);

    public static implicit operator Argument(NativeTensor[] tensors) => new(Form.Tensors, 0, tensors);

    /// <summary>A list whose elements the schema allows to be missing.</summary>
    public static Argument ListOfOptional(params NativeTensor[] tensors) => new(Form.OptionalTensors, 0, tensors);

    /// <summary>A data type, as libtorch numbers it.</summary>
    public static Argument Type(int type) => new(Form.Bits, (uint)type);

    /// <summary>A present optional argument.</summary>
    public static Argument Some(Argument value) => new(value.Kind, value.Bits, value.Value, isOptional: true);

    /// <summary>An optional tensor.</summary>
    public static Argument Maybe(NativeTensor? tensor) => tensor is { } present ? Some(present) : None;
}

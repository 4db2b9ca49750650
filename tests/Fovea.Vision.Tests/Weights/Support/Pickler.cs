using System.Buffers.Binary;
using System.Text;

namespace Fovea.Vision.Tests.Weights.Support;

/// <summary>Writes pickles of protocol 2 as torch.save does.</summary>
internal sealed class Pickler
{
    private readonly List<byte> _bytes = [0x80, 2];

    public byte[] ToArray() => [.. _bytes, (byte)'.'];

    public Pickler Raw(params ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public Pickler Text(string text)
    {
        byte[] letters = Encoding.UTF8.GetBytes(text), length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, letters.Length);
        return Raw((byte)'X').Raw(length).Raw(letters);
    }

    public Pickler Number(long number)
    {
        byte[] digits = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(digits, number);
        return Raw(0x8A, 8).Raw(digits);
    }

    public Pickler Global(string module, string name) => Raw(Encoding.UTF8.GetBytes($"c{module}\n{name}\n"));

    public Pickler Tuple(params long[] numbers)
    {
        Raw((byte)'(');
        foreach (long number in numbers) Number(number);
        return Raw((byte)'t');
    }

    /// <summary>A dict of what <paramref name="entries"/> write.</summary>
    public Pickler Dict(params (string Key, Action<Pickler> Value)[] entries)
    {
        Raw("}("u8);
        foreach ((string key, Action<Pickler> value) in entries) value(Text(key));
        return Raw((byte)'u');
    }

    /// <summary>A tensor that looks at a storage.</summary>
    public Pickler Tensor(string key, long count, long offset, long[] shape, long[] strides,
        string storage = "FloatStorage")
    {
        Global("torch._utils", "_rebuild_tensor_v2").Raw("(("u8).Text("storage").Global("torch", storage).Text(key)
            .Text("cpu").Number(count);
        return Raw("tQ"u8).Number(offset).Tuple(shape).Tuple(strides).Raw(0x89).Global("collections", "OrderedDict")
            .Raw(")RtR"u8);
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Fovea.Training.Tests.Support;

/// <summary>A protobuf message read from its wire format alone (protobuf.dev, "Encoding"): fields by number, without
/// the definitions that wrote them.</summary>
internal sealed class WireMessage
{
    private readonly List<(int Field, object Value)> _fields = [];

    public WireMessage(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            ulong key = Varint(ref bytes);
            (int field, int type) = ((int)(key >> 3), (int)(key & 7));
            switch (type)
            {
                case 0: _fields.Add((field, Varint(ref bytes))); break;
                case 1: _fields.Add((field, BinaryPrimitives.ReadDoubleLittleEndian(Take(ref bytes, 8)))); break;
                case 5: _fields.Add((field, BinaryPrimitives.ReadSingleLittleEndian(Take(ref bytes, 4)))); break;
                case 2: _fields.Add((field, Take(ref bytes, (int)Varint(ref bytes)).ToArray())); break;
                default: throw new InvalidDataException($"wire type {type}");
            }
        }
    }

    public bool Has(int field) => _fields.Any(one => one.Field == field);

    public long Whole(int field) => (long)(ulong)(_fields.LastOrDefault(one => one.Field == field).Value ?? 0UL);

    public double Real(int field) =>
        Convert.ToDouble(_fields.LastOrDefault(one => one.Field == field).Value ?? 0.0, null);

    public string Text(int field) => Encoding.UTF8.GetString(Bytes(field));

    public byte[] Bytes(int field) =>
        (byte[])(_fields.LastOrDefault(one => one.Field == field).Value ?? Array.Empty<byte>());

    public WireMessage Message(int field) => new(Bytes(field));

    public IEnumerable<WireMessage> Messages(int field) =>
        _fields.Where(one => one.Field == field).Select(one => new WireMessage((byte[])one.Value));

    public double[] Reals(int field) =>
        [.. Bytes(field).Chunk(8).Select(one => BinaryPrimitives.ReadDoubleLittleEndian(one))];

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte next = Take(ref bytes, 1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        ReadOnlySpan<byte> taken = bytes[..count];
        bytes = bytes[count..];
        return taken;
    }
}

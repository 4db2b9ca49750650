namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Collects bits into bytes; behind each byte 0xFF a 0 is stuffed.</summary>
internal sealed class BitWriter
{
    private byte[] _bytes = new byte[1 << 12];
    private int _length, _count;
    private ulong _bits;

    /// <summary>Appends the lower <paramref name="count"/> bits of a value, 0 to 16 of them.</summary>
    public void Write(uint value, int count)
    {
        _bits = _bits << count | value;
        _count += count;
        while (_count >= 8) Append((byte)(_bits >> (_count -= 8)));
    }

    /// <summary>All bytes; the last is filled up with ones.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        if (_count > 0) Write((1u << (8 - _count)) - 1, 8 - _count);
        return _bytes.AsSpan(0, _length);
    }

    private void Append(byte value)
    {
        if (_length + 2 > _bytes.Length) Array.Resize(ref _bytes, 2 * _bytes.Length);
        _bytes[_length++] = value;
        if (value == 0xFF) _bytes[_length++] = 0;
    }
}

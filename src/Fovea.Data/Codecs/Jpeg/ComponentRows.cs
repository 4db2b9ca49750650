using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Fovea.Data.Codecs.Jpeg;

/// <summary>Gives the rows of a component in the size of the image: components with fewer samples are
/// enlarged.</summary>
/// <remarks>
/// Twice the samples are interpolated as libjpeg does it by default ("fancy upsampling"): a sample is three quarters
/// the nearer and one quarter the farther of its neighbours, in each direction that is enlarged; halves are rounded up
/// and down in turn, so that no tone is favoured. Other factors, and components of one or two columns, repeat the
/// nearest sample.
/// </remarks>
internal sealed class ComponentRows
{
    private const int Lanes = 16;

    private readonly JpegComponent _component;
    private readonly int _inX, _outX, _inY, _outY;   // samples in and out, relative to each other
    private readonly bool _isSmoothX, _isSmoothY;
    private readonly byte[] _row = [];
    private readonly ushort[] _sums = [];

    /// <param name="frame">Its size is that of the rows.</param>
    /// <param name="component">What to enlarge.</param>
    public ComponentRows(JpegFrame frame, JpegComponent component)
    {
        _component = component;
        int factor = component.Size / frame.Size;
        (_inX, _outX, _inY, _outY) = (component.Horizontal * factor, frame.MaxHorizontal, component.Vertical * factor,
            frame.MaxVertical);
        bool doublesX = _outX == 2 * _inX, doublesY = _outY == 2 * _inY;
        _isSmoothX = frame.Size > 1 && doublesX && (doublesY || _inY == _outY) && component.Width > 2;
        _isSmoothY = frame.Size > 1 && doublesY && (_isSmoothX || _inX == _outX);
        if (_inX == _outX && _inY == _outY) return;
        int padded = (component.Width + Lanes - 1) / Lanes * Lanes;
        _row = new byte[Math.Max(2 * padded, frame.OutputWidth)];
        _sums = new ushort[padded + 2];   // with one sample more at each end
    }

    /// <summary>Row <paramref name="y"/> of the image, at least as long as the image is wide; valid until the next
    /// call.</summary>
    public ReadOnlySpan<byte> Row(int y)
    {
        if (_isSmoothX && _isSmoothY) return Smooth(y);
        if (_isSmoothX)
        {
            Copy(Samples(y));
            return Interleave(1, 2, 2);
        }

        return _isSmoothY ? Blend(y) : Repeat(Samples(y * _inY / _outY));
    }

    private ReadOnlySpan<byte> Samples(int row) =>
        _component.Plane.AsSpan(row * _component.Stride,
            Math.Max(_component.Stride, _component.Width + JpegFrame.Slack));

    /// <summary>The nearer of the rows around row <paramref name="y"/> of the image, and the farther; there is none
    /// beyond an edge.</summary>
    private (int Near, int Far) Neighbours(int y)
    {
        int far = (y >> 1) + (y % 2 == 0 ? -1 : 1);
        return (y >> 1, Math.Clamp(far, 0, _component.Height - 1));
    }

    private ReadOnlySpan<byte> Smooth(int y)
    {
        (int near, int far) = Neighbours(y);
        ref byte first = ref MemoryMarshal.GetReference(Samples(near)),
            second = ref MemoryMarshal.GetReference(Samples(far));
        ref ushort sums = ref _sums[1];
        for (int i = 0; i < _component.Width; i += Lanes)
            (Load(ref first, i) * 3 + Load(ref second, i)).StoreUnsafe(ref sums, (nuint)i);
        return Interleave(8, 7, 4);
    }

    private void Copy(ReadOnlySpan<byte> samples)
    {
        ref byte from = ref MemoryMarshal.GetReference(samples);
        ref ushort sums = ref _sums[1];
        for (int i = 0; i < _component.Width; i += Lanes) Load(ref from, i).StoreUnsafe(ref sums, (nuint)i);
    }

    /// <summary>Makes two samples of each sum: (3 · sum + neighbour + rounding) / 2^shift, the left neighbour and then
    /// the right.</summary>
    private ReadOnlySpan<byte> Interleave(ushort roundLeft, ushort roundRight, int shift)
    {
        int width = _component.Width;
        (_sums[0], _sums[width + 1]) = (_sums[1], _sums[width]);
        ref ushort sums = ref MemoryMarshal.GetArrayDataReference(_sums);
        ref byte row = ref MemoryMarshal.GetArrayDataReference(_row);
        for (int i = 0; i < width; i += Lanes)
        {
            Vector256<ushort> here = Vector256.LoadUnsafe(ref sums, (nuint)(i + 1)) * 3;
            Vector256<ushort> left = here + Vector256.LoadUnsafe(ref sums, (nuint)i) + Vector256.Create(roundLeft);
            Vector256<ushort> right = here + LoadRight(ref sums, i) + Vector256.Create(roundRight);
            // Low byte first: .NET's platforms store a pair in the order of the image.
            Vector256<ushort> pairs = (left >> shift) | ((right >> shift) << 8);
            pairs.AsByte().StoreUnsafe(ref row, (nuint)(2 * i));
        }

        return _row;
    }

    private static Vector256<ushort> LoadRight(ref ushort sums, int i) =>
        Vector256.LoadUnsafe(ref sums, (nuint)(i + 2));

    /// <summary>Between rows only.</summary>
    private ReadOnlySpan<byte> Blend(int y)
    {
        (int near, int far) = Neighbours(y);
        ref byte first = ref MemoryMarshal.GetReference(Samples(near)),
            second = ref MemoryMarshal.GetReference(Samples(far));
        Vector256<ushort> round = Vector256.Create((ushort)(y % 2 == 0 ? 1 : 2));
        for (int i = 0; i < _component.Width; i += Lanes)
        {
            Vector256<ushort> mean = (Load(ref first, i) * 3 + Load(ref second, i) + round) >> 2;
            Vector128.Narrow(mean.GetLower(), mean.GetUpper()).StoreUnsafe(ref _row[i]);
        }

        return _row;
    }

    private ReadOnlySpan<byte> Repeat(ReadOnlySpan<byte> samples)
    {
        if (_inX == _outX) return samples;
        int factor = _outX / _inX;
        if (_outX == factor * _inX)
        {
            for (int x = 0; x < _component.Width; x++)
            {
                int end = Math.Min(_row.Length, (x + 1) * factor);
                for (int to = x * factor; to < end; to++) _row[to] = samples[x];
            }
        }
        else
        {
            for (int x = 0; x < _row.Length; x++) _row[x] = samples[Math.Min(x * _inX / _outX, _component.Width - 1)];
        }

        return _row;
    }

    private static Vector256<ushort> Load(ref byte samples, int i) =>
        Vector256.WidenLower(Vector128.LoadUnsafe(ref samples, (nuint)i).ToVector256Unsafe());
}

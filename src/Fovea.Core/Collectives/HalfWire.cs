using System.Numerics;
using System.Runtime.InteropServices;

namespace Fovea.Core.Collectives;

/// <summary>
/// Numbers on their way as bfloat16, with error feedback: what rounding took from a value is added to the value that
/// goes there the next time, so that nothing is lost in the long run (Seide et al. 2014; Karimireddy et al. 2019,
/// arXiv:1901.09847).
/// </summary>
/// <param name="length">Number of values.</param>
internal sealed class HalfWire(int length)
{
    private readonly float[] _lost = new float[length];

    /// <summary>Rounds values with what was lost before, to the nearest and ties to even.</summary>
    /// <param name="values">Values; become what the other side reads.</param>
    /// <param name="first">Place of the first one.</param>
    /// <param name="sent">Gets their upper halves.</param>
    public void Round(Span<float> values, int first, Span<ushort> sent)
    {
        Span<float> lost = _lost.AsSpan(first, values.Length);
        int i = 0;
        Vector<uint> odd = Vector<uint>.One, half = new(0x7FFFu), upper = new(0xFFFF0000u), quiet = new(0x00400000u);
        for (; i <= values.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> value = new Vector<float>(values[i..]) + new Vector<float>(lost[i..]);
            Vector<uint> bits = value.As<float, uint>();
            Vector<uint> rounded = (bits + half + ((bits >>> 16) & odd)) & upper;
            Vector<uint> isNumber = Vector.Equals(value, value).As<int, uint>();
            Vector<float> whole = Vector.ConditionalSelect(isNumber, rounded, (bits & upper) | quiet).As<uint, float>();
            Vector<float> rest = value - whole;   // NaN where something is infinite or NaN: then nothing is kept
            Vector.ConditionalSelect(Vector.Equals(rest, rest), rest, Vector<float>.Zero).CopyTo(lost[i..]);
            whole.CopyTo(values[i..]);
        }

        for (; i < values.Length; i++)
        {
            float value = values[i] + lost[i];
            uint bits = BitConverter.SingleToUInt32Bits(value);
            bits = float.IsNaN(value) ? (bits & 0xFFFF0000) | 0x00400000
                : (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000;
            float whole = BitConverter.UInt32BitsToSingle(bits);
            lost[i] = float.IsNaN(value - whole) ? 0 : value - whole;
            values[i] = whole;
        }

        for (i = 0; i < values.Length; i++) sent[i] = (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16);
    }

    /// <summary>Values from their upper halves.</summary>
    public static void Widen(ReadOnlySpan<ushort> received, Span<float> values)
    {
        Span<uint> bits = MemoryMarshal.Cast<float, uint>(values);
        for (int i = 0; i < received.Length; i++) bits[i] = (uint)received[i] << 16;
    }
}

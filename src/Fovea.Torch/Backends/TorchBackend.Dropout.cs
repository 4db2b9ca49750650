using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

/// <content>
/// Dropout with the bits of <see cref="Philox"/>: its ten rounds as arithmetic of 64-bit whole numbers, all blocks at
/// once, on the device.
/// </content>
internal sealed unsafe partial class TorchBackend
{
    private const ulong Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57, Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85,
        Low = 0xFFFFFFFF;

    private const int Rounds = 10, BlocksAtOnce = 1 << 20;

    /// <inheritdoc/>
    public override void Dropout(Storage x, Target y, int count, float probability, Philox random, ulong offset)
    {
        if (count == 0) return;
        using Aten aten = new(this);
        NativeTensor kept = Kept(aten, count, probability, random, offset);
        NativeTensor result = aten.Where(kept,
            aten.Divide(aten.View(x, count), aten.Number(1 - probability)), aten.Number(0));
        aten.Put(result, y, count);
    }

    /// <summary>Whether random number <c>offset + i</c> is at least the probability.</summary>
    private NativeTensor Kept(in Aten aten, int count, float probability, Philox random, ulong offset)
    {
        ulong first = offset >> 2, last = (offset + (ulong)count - 1) >> 2;
        long blocks = (long)(last - first + 1);
        NativeTensor words = aten.Empty([blocks, 4], Torch.Int64);
        for (long start = 0; start < blocks; start += BlocksAtOnce)
        {
            long length = Math.Min(BlocksAtOnce, blocks - start);
            using Aten part = new(this);
            Blocks(part, part.Strided(words, [length, 4], [4, 1], 4 * start), length, random, first + (ulong)start);
        }

        // u · 2⁻²⁴ ≥ p, in whole numbers
        NativeTensor uniform = aten.One("bitwise_right_shift.Tensor",
            aten.Strided(words, [count], [1], (long)(offset & 3)), Whole(aten, 8));
        return aten.One("ge.Tensor", uniform, Whole(aten, (long)Math.Ceiling(probability * (double)(1 << 24))));
    }

    /// <summary>The four words of each block.</summary>
    private void Blocks(in Aten aten, NativeTensor words, long count, Philox random, ulong first)
    {
        NativeTensor index = Counting(aten, count, first);
        NativeTensor low = Whole(aten, unchecked((long)Low)), shift = Whole(aten, 32);
        NativeTensor x = And(aten, index, low), y = And(aten, Shift(aten, index, shift), low),
            z = Whole(aten, (long)(random.Stream & Low)), w = Whole(aten, (long)(random.Stream >> 32));
        ulong key0 = random.Seed & Low, key1 = random.Seed >> 32;
        for (int round = 0; round < Rounds; round++)
        {
            NativeTensor product0 = aten.Multiply(x, Whole(aten, (long)Multiplier0)),
                product1 = aten.Multiply(z, Whole(aten, (long)Multiplier1));
            x = Xor(aten, Xor(aten, And(aten, Shift(aten, product1, shift), low), y), Whole(aten, (long)key0));
            y = And(aten, product1, low);
            z = Xor(aten, Xor(aten, And(aten, Shift(aten, product0, shift), low), w), Whole(aten, (long)key1));
            w = And(aten, product0, low);
            key0 = (key0 + Weyl0) & Low;
            key1 = (key1 + Weyl1) & Low;
        }

        NativeTensor[] columns = [x, y, z, w];
        for (int i = 0; i < columns.Length; i++) aten.Copy(columns[i], aten.Strided(words, [count], [4], i));
    }

    /// <summary>first, first + 1, first + 2, ...</summary>
    private NativeTensor Counting(in Aten aten, long count, ulong first)
    {
        NativeTensor steps = aten.Empty([count], Torch.Int64);
        aten.Fill(steps, 1);
        aten.Fill(aten.Strided(steps, [1], [1]), first);
        return aten.One("cumsum", steps, 0L, Argument.None);
    }

    /// <summary>One whole number of 64 bits, below 2⁵³ in size.</summary>
    private NativeTensor Whole(in Aten aten, long value)
    {
        NativeTensor number = aten.Empty([], Torch.Int64);
        aten.Fill(number, value);
        return number;
    }

    private static NativeTensor And(in Aten aten, NativeTensor a, NativeTensor b) =>
        aten.One("bitwise_and.Tensor", a, b);

    private static NativeTensor Xor(in Aten aten, NativeTensor a, NativeTensor b) =>
        aten.One("bitwise_xor.Tensor", a, b);

    private static NativeTensor Shift(in Aten aten, NativeTensor a, NativeTensor by) =>
        aten.One("bitwise_right_shift.Tensor", a, by);
}

using Fovea.Tensors.Backends.Cpu.Assembly;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Tests.Backends.MatMul;

/// <summary>Assembled tiles against the instructions' definition, number by number.</summary>
public sealed unsafe class AssembledTilesTests
{
    private const int Most = 12 * 32;

    public static TheoryData<int, int, int> Tiles()
    {
        TheoryData<int, int, int> data = [];
        foreach (int rows in (int[])[1, 2, 4, 6, 8, 12])
            foreach (int width in (int[])[16, 32])
                foreach (int steps in (int[])[0, 1, 2, 9, 31]) data.Add(rows, width, steps);
        return data;
    }

    [Theory]
    [MemberData(nameof(Tiles))]
    public void Pairs_are_multiplied_as_defined(int rows, int width, int steps)
    {
        Assert.SkipWhen(AssembledTiles.OfPairs is null, "The processor has no AVX512-BF16.");
        Compare(Element.Pair, rows, width, steps, (a, b, sum) =>
        {
            sum = Product(a & 0xFFFF0000, b & 0xFFFF0000, sum);
            return Product(a << 16, b << 16, sum);
        });
    }

    [Theory]
    [MemberData(nameof(Tiles))]
    public void Bytes_are_multiplied_as_defined(int rows, int width, int steps)
    {
        Assert.SkipWhen(AssembledTiles.OfBytes is null, "The processor has no AVX512-VNNI.");
        Compare(Element.Bytes, rows, width, steps, (a, b, sum) =>
        {
            int total = (int)sum;
            for (int i = 0; i < 32; i += 8) total += (byte)(a >> i) * (sbyte)(b >> i);
            return (uint)total;
        });
    }

    /// <summary>Numbers of all kinds: halves between two of bfloat16, no normal ones, infinities, NaN.</summary>
    [Fact]
    public void Conversions_to_pairs_are_those_that_define_them()
    {
        Assert.SkipWhen(AssembledConversions.Pairs is null, "The processor has no AVX512-BF16.");
        Random random = new(1);
        uint[] first = new uint[1000], second = new uint[1000], found = new uint[1000], expected = new uint[1000];
        foreach (uint[] row in (uint[][])[first, second])
            for (int i = 0; i < row.Length; i++)
                row[i] = random.Next(4) switch
                {
                    0 => (uint)random.NextInt64(1L << 32),
                    1 => Half(random) << 16 | 0x8000,
                    2 => (uint)random.Next(0x00820000) | (uint)random.Next(2) << 31,
                    _ => 0x7F7F0000u + (uint)random.Next(0x20000),
                };
        fixed (uint* a = first, b = second, to = found, defined = expected)
        {
            foreach (int count in (int[])[0, 1, 31, 32, 33, 64, 100, 999, 1000])
            {
                PairPanels<Simd512>.Along((float*)a, count, (float*)to);
                PairPanels<SimdScalar>.Along((float*)a, count, (float*)defined);
                Assert.Equal(expected, found);
                PairPanels<Simd512>.Across((float*)a, (float*)b, count, (float*)to);
                PairPanels<SimdScalar>.Across((float*)a, (float*)b, count, (float*)defined);
                Assert.Equal(expected, found);
            }
        }
    }

    /// <summary>Code may be run and not be changed.</summary>
    [Fact]
    public void Memory_of_code_is_not_writable()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc/self/maps");
        nint code = CodeMemory.Load([0xC3]);
        Assert.SkipWhen(code == 0, "The system allows no memory for code.");
        string line = File.ReadLines("/proc/self/maps").Single(entry =>
        {
            long[] ends = [.. entry.Split(' ')[0].Split('-').Select(end => Convert.ToInt64(end, 16))];
            return ends[0] <= code && code < ends[1];
        });
        Assert.Equal("r-xp", line.Split(' ')[1]);
    }

    /// <summary>Numbers of many sizes, also such that have no normal number in bfloat16 or as a sum.</summary>
    private static void Compare(Element element, int rows, int width, int steps, Func<uint, uint, uint, uint> product)
    {
        Random random = new(rows * 1000 + width + steps);
        uint[] a = new uint[rows * steps + 1], b = new uint[width * steps + 1], start = new uint[Most],
            bias = new uint[width], c = new uint[Most];
        foreach (uint[] operand in (uint[][])[a, b])
            for (int i = 0; i < operand.Length; i++)
                operand[i] = element == Element.Bytes ? (uint)random.NextInt64(1L << 32)
                    : Half(random) << 16 | Half(random);
        for (int i = 0; i < Most; i++) start[i] = element == Element.Bytes ? (uint)i : Half(random) << 16 | 77;
        bool hasStart = steps % 2 == 1;
        fixed (uint* left = a, right = b, from = start, added = bias, to = c)
        {
            float* first = hasStart ? (float*)from : null, offset = hasStart ? (float*)added : null;
            if (element == Element.Pair)
                AssembledPairs.Run(rows, width, (float*)left, steps, 1, (float*)right, steps, first, width, offset,
                    (float*)to, width);
            else
                AssembledQuads.Run(rows, width, (float*)left, steps, 1, (float*)right, steps, first, width, offset,
                    (float*)to, width);
        }

        for (int i = 0; i < rows * width; i++)
        {
            uint sum = hasStart ? start[i] : 0;
            for (int k = 0; k < steps; k++) sum = product(a[i / width * steps + k], b[k * width + i % width], sum);
            Assert.Equal(sum, c[i]);
        }
    }

    private static uint Half(Random random) =>
        (uint)(random.Next(2) << 15 | random.Next(random.Next(2) == 0 ? 1 : 100, 160) << 7 | random.Next(128));

    /// <summary>a b + sum as VDPBF16PS has it: rounded once, and what is below the normal numbers is 0, before and
    /// after.</summary>
    private static uint Product(uint a, uint b, uint sum) => Flushed(BitConverter.SingleToUInt32Bits(
        MathF.FusedMultiplyAdd(Number(a), Number(b), Number(sum))));

    private static float Number(uint bits) => BitConverter.UInt32BitsToSingle(Flushed(bits));

    private static uint Flushed(uint bits) => (bits & 0x7F800000) == 0 ? bits & 0x80000000 : bits;
}

using Fovea.Tensors.Backends.Cpu.Assembly;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>Assembled tiles of pairs of bfloat16.</summary>
internal readonly unsafe struct AssembledPairs : ITiles
{
    public static Element Element => Element.Pair;

    public static void Run(int count, int width, float* a, nint aRow, nint aStep, float* b, int steps, float* start,
        nint startRow, float* bias, float* c, nint cRow) =>
        AssembledTiles.OfPairs!.Run(count, width, a, aRow, aStep, b, steps, start, startRow, bias, c, cRow);
}

/// <summary>Assembled tiles of bytes.</summary>
internal readonly unsafe struct AssembledQuads : ITiles
{
    public static Element Element => Element.Bytes;

    public static void Run(int count, int width, float* a, nint aRow, nint aStep, float* b, int steps, float* start,
        nint startRow, float* bias, float* c, nint cRow) =>
        AssembledTiles.OfBytes!.Run(count, width, a, aRow, aStep, b, steps, start, startRow, bias, c, cRow);
}

/// <summary>Tiles of one kind of element, assembled when first asked for. Each is compared with the one that the JIT
/// compiles, which defines it; where one differs, or the system allows no such memory, there are none.</summary>
internal sealed unsafe class AssembledTiles
{
    private static readonly int[] RowCounts = [1, 2, 4, 6, 8, 12];

    private static readonly Lazy<AssembledTiles?> Pairs =
        new(() => Processor.HasPairProducts ? Create<ManagedTiles<Simd512, Pairs>>() : null);

    private static readonly Lazy<AssembledTiles?> Bytes =
        new(() => Processor.HasByteProducts ? Create<ManagedTiles<Simd512, Quads>>() : null);

    private readonly nint[] _code = new nint[2 * (RowCounts[^1] + 1)];

    /// <summary>Tiles of pairs of bfloat16; null where the processor or the system has none.</summary>
    internal static AssembledTiles? OfPairs => Pairs.Value;

    /// <summary>Tiles of bytes; null where the processor or the system has none.</summary>
    internal static AssembledTiles? OfBytes => Bytes.Value;

    /// <inheritdoc cref="ITiles.Run"/>
    internal void Run(int count, int width, float* a, nint aRow, nint aStep, float* b, int steps, float* start,
        nint startRow, float* bias, float* c, nint cRow)
    {
        TileCall call = new(a, aRow, aStep, b, width, steps, start, startRow, bias, c, cRow);
        ((delegate* unmanaged[SuppressGCTransition]<TileCall*, void>)_code[Index(count, width / Simd512.Count)])(&call);
    }

    private static int Index(int rows, int vectors) => 2 * rows + vectors - 1;

    private static AssembledTiles? Create<TDefinition>()
        where TDefinition : struct, ITiles
    {
        AssembledTiles tiles = new();
        foreach (int rows in RowCounts)
        {
            foreach (int vectors in (int[])[1, 2])
            {
                nint code = CodeMemory.Load(TileAssembler.Assemble(rows, vectors, TDefinition.Element));
                if (code == 0) return null;
                tiles._code[Index(rows, vectors)] = code;
                if (!tiles.Agrees<TDefinition>(rows, vectors * Simd512.Count)) return null;
            }
        }

        return tiles;
    }

    private bool Agrees<TDefinition>(int rows, int width)
        where TDefinition : struct, ITiles
    {
        const int Steps = 3, Size = 12 * 32;
        float* values = stackalloc float[5 * Size];
        float* a = values, b = a + Size, start = b + Size, here = start + Size, there = here + Size;
        uint random = 1;
        for (int i = 0; i < 3 * Size; i++)
        {
            random = random * 1664525 + 1013904223;
            // Numbers near 1 in both halves; as bytes anything goes.
            ((uint*)values)[i] = (random & 0x807F807F) | 0x3F803F80;
        }

        foreach (bool withStart in (bool[])[false, true])
        {
            float* first = withStart ? start : null, bias = withStart ? b : null;
            TDefinition.Run(rows, width, a, Steps, 1, b, Steps, first, width, bias, there, width);
            Run(rows, width, a, Steps, 1, b, Steps, first, width, bias, here, width);
            if (!new Span<int>(here, rows * width).SequenceEqual(new Span<int>(there, rows * width))) return false;
        }

        return true;
    }
}

using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>
/// Writes the register tile of <see cref="Tile{V}"/> for AVX-512 with products that .NET has no intrinsics for:
/// up to 12 rows by one or two vectors of 16 columns. Calls follow the System V convention; no register is used that a
/// caller expects to find again.
/// </summary>
internal static class TileAssembler
{
    private const int Lanes = 16, Bytes = Lanes * sizeof(float), RowsOfPointer = 3;

    private static readonly AssemblerRegisterZMM[] Vectors =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23, zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31,
    ];

    // Each reaches three rows of A, by its address plus 0, 1 and 2 rows.
    private static readonly AssemblerRegister64[] RowPointers = [r8, r11, rax, rdi];

    /// <summary>The code of a tile.</summary>
    /// <param name="rows">Rows, 1 to 12.</param>
    /// <param name="columns">Vectors of columns, 1 or 2.</param>
    /// <param name="element">Pairs or bytes.</param>
    internal static byte[] Assemble(int rows, int columns, Element element)
    {
        bool ofBytes = element == Element.Bytes;
        Assembler code = new(64);
        AssemblerRegisterZMM[] sums = Vectors[..(rows * columns)];
        AssemblerRegisterZMM b0 = zmm24, b1 = zmm25, x = zmm26;
        Begin(code, sums, rows, columns, ofBytes, b0, b1);

        code.push(rdi);
        code.mov(rsi, __qword_ptr[rdi + TileCall.BOffset]);
        code.mov(rdx, __qword_ptr[rdi + TileCall.BStepOffset]);
        code.mov(rcx, __qword_ptr[rdi + TileCall.StepsOffset]);
        code.mov(r9, __qword_ptr[rdi + TileCall.ARowOffset]);
        code.mov(r10, __qword_ptr[rdi + TileCall.AStepOffset]);
        code.mov(r8, __qword_ptr[rdi + TileCall.AOffset]);
        int pointers = (rows + RowsOfPointer - 1) / RowsOfPointer;
        for (int p = 1; p < pointers; p++)
        {
            code.lea(RowPointers[p], __[RowPointers[p - 1] + r9 * 2]);
            code.add(RowPointers[p], r9);
        }

        Label loop = code.CreateLabel(), end = code.CreateLabel();
        code.test(rcx, rcx);
        code.jz(end);
        code.Label(ref loop);
        code.vmovups(b0, __zmmword_ptr[rsi]);
        if (columns > 1) code.vmovups(b1, __zmmword_ptr[rsi + Bytes]);
        code.add(rsi, rdx);
        for (int r = 0; r < rows; r++)
        {
            AssemblerRegister64 from = RowPointers[r / RowsOfPointer];
            if (columns == 1 && !ofBytes)
            {
                // Read by the multiplication itself: beside one product a broadcast alone would cost a third of it.
                code.vdpbf16ps(sums[r], b0, (r % RowsOfPointer) switch
                {
                    0 => __dword_bcst[from],
                    1 => __dword_bcst[from + r9],
                    _ => __dword_bcst[from + r9 * 2],
                });
                continue;
            }

            code.vpbroadcastd(x, (r % RowsOfPointer) switch
            {
                0 => __dword_ptr[from],
                1 => __dword_ptr[from + r9],
                _ => __dword_ptr[from + r9 * 2],
            });
            Multiply(code, sums[r * columns], x, b0, ofBytes);
            if (columns > 1) Multiply(code, sums[r * columns + 1], x, b1, ofBytes);
        }

        for (int p = 0; p < pointers; p++) code.add(RowPointers[p], r10);
        code.dec(rcx);
        code.jnz(loop);
        code.Label(ref end);
        code.pop(rdi);

        code.mov(rsi, __qword_ptr[rdi + TileCall.COffset]);
        code.mov(rdx, __qword_ptr[rdi + TileCall.CRowOffset]);
        for (int r = 0; r < rows; r++)
        {
            code.vmovups(__zmmword_ptr[rsi], sums[r * columns]);
            if (columns > 1) code.vmovups(__zmmword_ptr[rsi + Bytes], sums[r * columns + 1]);
            if (r + 1 < rows) code.add(rsi, rdx);
        }

        code.vzeroupper();
        code.ret();
        using MemoryStream bytes = new();
        code.Assemble(new StreamCodeWriter(bytes), 0);
        return bytes.ToArray();
    }

    /// <summary>Sums start from zero or given values, plus the bias.</summary>
    private static void Begin(Assembler code, AssemblerRegisterZMM[] sums, int rows, int columns, bool ofBytes,
        AssemblerRegisterZMM b0, AssemblerRegisterZMM b1)
    {
        Label zeros = code.CreateLabel(), started = code.CreateLabel(), unbiased = code.CreateLabel();
        code.mov(rsi, __qword_ptr[rdi + TileCall.StartOffset]);
        code.test(rsi, rsi);
        code.jz(zeros);
        code.mov(rdx, __qword_ptr[rdi + TileCall.StartRowOffset]);
        for (int r = 0; r < rows; r++)
        {
            code.vmovups(sums[r * columns], __zmmword_ptr[rsi]);
            if (columns > 1) code.vmovups(sums[r * columns + 1], __zmmword_ptr[rsi + Bytes]);
            if (r + 1 < rows) code.add(rsi, rdx);
        }

        code.jmp(started);
        code.Label(ref zeros);
        foreach (AssemblerRegisterZMM sum in sums) code.vpxord(sum, sum, sum);
        code.Label(ref started);

        code.mov(rsi, __qword_ptr[rdi + TileCall.BiasOffset]);
        code.test(rsi, rsi);
        code.jz(unbiased);
        code.vmovups(b0, __zmmword_ptr[rsi]);
        if (columns > 1) code.vmovups(b1, __zmmword_ptr[rsi + Bytes]);
        for (int i = 0; i < sums.Length; i++)
        {
            AssemblerRegisterZMM bias = i % columns == 0 ? b0 : b1;
            if (ofBytes) code.vpaddd(sums[i], sums[i], bias);
            else code.vaddps(sums[i], sums[i], bias);
        }

        code.Label(ref unbiased);
        code.nop();
    }

    private static void Multiply(Assembler code, AssemblerRegisterZMM sum, AssemblerRegisterZMM x,
        AssemblerRegisterZMM b, bool ofBytes)
    {
        if (ofBytes) code.vpdpbusd(sum, x, b);   // x without sign, b with one
        else code.vdpbf16ps(sum, x, b);
    }
}

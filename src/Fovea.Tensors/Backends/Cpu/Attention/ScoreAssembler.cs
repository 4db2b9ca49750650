using Fovea.Tensors.Backends.Cpu.Simd;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Last step of an assembled tile of scores; <see cref="PairScores{V,TTiles}"/> defines them.</summary>
internal enum ScoreFinish
{
    /// <summary>Powers, as pairs of bfloat16, and their sums.</summary>
    Power,

    /// <summary>Probabilities, in single precision.</summary>
    Probability,

    /// <summary>Gradients of scores, in single precision.</summary>
    Slope,
}

/// <summary>
/// Writes tiles of scores of pairs of bfloat16 for AVX-512: up to 12 queries by 32 keys, one panel after the other,
/// with a finish in the registers that summed the scores. Calls follow the System V convention.
/// </summary>
internal static class ScoreAssembler
{
    private const int Bytes = 64, RowsOfPointer = 3;

    private static readonly AssemblerRegisterZMM[] Vectors =
    [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15,
        zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23,
    ];

    // Each reaches three rows of A, by its address plus 0, 1 and 2 rows.
    private static readonly AssemblerRegister64[] RowPointers = [r8, r11, rax, rdi];

    /// <summary>The code of a tile.</summary>
    /// <param name="rows">Queries, 1 to 12.</param>
    /// <param name="finish">Last step.</param>
    internal static byte[] Assemble(int rows, ScoreFinish finish)
    {
        Assembler code = new(64);
        AssemblerRegisterZMM[] sums = Vectors[..(2 * rows)];
        Label panel = code.CreateLabel(), loop = code.CreateLabel();
        code.mov(rsi, __qword_ptr[rdi + ScoreCall.BOffset]);
        code.mov(r9, __qword_ptr[rdi + ScoreCall.ARowOffset]);
        code.Label(ref panel);
        foreach (AssemblerRegisterZMM sum in sums) code.vpxord(sum, sum, sum);
        code.mov(rcx, __qword_ptr[rdi + ScoreCall.StepsOffset]);
        code.mov(r8, __qword_ptr[rdi + ScoreCall.AOffset]);
        code.push(rdi);
        int pointers = (rows + RowsOfPointer - 1) / RowsOfPointer;
        for (int p = 1; p < pointers; p++)
        {
            code.lea(RowPointers[p], __[RowPointers[p - 1] + r9 * 2]);
            code.add(RowPointers[p], r9);
        }

        code.Label(ref loop);
        code.vmovups(zmm24, __zmmword_ptr[rsi]);
        code.vmovups(zmm25, __zmmword_ptr[rsi + Bytes]);
        code.add(rsi, 2 * Bytes);
        for (int r = 0; r < rows; r++)
        {
            AssemblerRegister64 from = RowPointers[r / RowsOfPointer];
            code.vpbroadcastd(zmm26, (r % RowsOfPointer) switch
            {
                0 => __dword_ptr[from],
                1 => __dword_ptr[from + r9],
                _ => __dword_ptr[from + r9 * 2],
            });
            code.vdpbf16ps(sums[2 * r], zmm26, zmm24);
            code.vdpbf16ps(sums[2 * r + 1], zmm26, zmm25);
        }

        for (int p = 0; p < pointers; p++) code.add(RowPointers[p], sizeof(float));
        code.dec(rcx);
        code.jnz(loop);
        code.pop(rdi);

        code.mov(rdx, __qword_ptr[rdi + ScoreCall.COffset]);
        code.mov(rcx, __qword_ptr[rdi + ScoreCall.CRowOffset]);
        code.mov(r10, __qword_ptr[rdi + ScoreCall.ConstantsOffset]);
        code.mov(r11, __qword_ptr[rdi + ScoreCall.OfRowsOffset]);
        code.vbroadcastss(zmm29, __dword_ptr[rdi + ScoreCall.FactorOffset]);
        if (finish == ScoreFinish.Slope)
        {
            code.mov(rax, rdx);
            code.sub(rax, __qword_ptr[rdi + ScoreCall.ToSlopesOffset]);
        }
        else
        {
            code.vbroadcastss(zmm30, __dword_ptr[r10]);
            code.vbroadcastss(zmm31, __dword_ptr[r10 + sizeof(float)]);
        }

        for (int r = 0; r < rows; r++) Finish(code, finish, r, sums[2 * r], sums[2 * r + 1]);
        // On to the next panel: B goes on where it is.
        code.add(__qword_ptr[rdi + ScoreCall.COffset], finish == ScoreFinish.Power ? Bytes : 2 * Bytes);
        code.dec(__qword_ptr[rdi + ScoreCall.PanelsOffset]);
        code.jnz(panel);
        code.vzeroupper();
        code.ret();
        using MemoryStream bytes = new();
        code.Assemble(new StreamCodeWriter(bytes), 0);
        return bytes.ToArray();
    }

    private static void Finish(Assembler code, ScoreFinish finish, int row, AssemblerRegisterZMM c0,
        AssemblerRegisterZMM c1)
    {
        switch (finish)
        {
            case ScoreFinish.Power:
                code.vmulps(c0, c0, zmm29);
                code.vmulps(c1, c1, zmm29);
                Exp2(code, c0);
                Exp2(code, c1);
                code.vaddps(zmm26, c0, __zmmword_ptr[r11 + row * Bytes]);
                code.vaddps(zmm26, zmm26, c1);
                code.vmovups(__zmmword_ptr[r11 + row * Bytes], zmm26);
                code.vcvtne2ps2bf16(c0, c1, c0);
                code.vmovups(__zmmword_ptr[rdx], c0);
                break;
            case ScoreFinish.Probability:
                code.vfmadd213ps(c0, zmm29, __dword_bcst[r11 + row * sizeof(float)]);
                code.vfmadd213ps(c1, zmm29, __dword_bcst[r11 + row * sizeof(float)]);
                Exp2(code, c0);
                Exp2(code, c1);
                code.vmovups(__zmmword_ptr[rdx], c0);
                code.vmovups(__zmmword_ptr[rdx + Bytes], c1);
                break;
            default:
                code.vsubps(c0, c0, __dword_bcst[r11 + row * sizeof(float)]);
                code.vsubps(c1, c1, __dword_bcst[r11 + row * sizeof(float)]);
                code.vmulps(c0, c0, __zmmword_ptr[rax]);
                code.vmulps(c1, c1, __zmmword_ptr[rax + Bytes]);
                code.vmulps(c0, c0, zmm29);
                code.vmulps(c1, c1, zmm29);
                code.vmovups(__zmmword_ptr[rdx], c0);
                code.vmovups(__zmmword_ptr[rdx + Bytes], c1);
                code.add(rax, rcx);
                break;
        }

        code.add(rdx, rcx);
    }

    /// <summary><see cref="Simd512.Exp2"/>, operation by operation; zmm31 is its lower end and zmm30 its first
    /// coefficient, the others follow in memory.</summary>
    private static void Exp2(Assembler code, AssemblerRegisterZMM x)
    {
        code.vmaxps(x, zmm31, x);
        code.vrndscaleps(zmm27, x, 0);
        code.vsubps(x, x, zmm27);
        code.vmovaps(zmm28, zmm30);
        for (int i = 2; i < 7; i++) code.vfmadd213ps(zmm28, x, __dword_bcst[r10 + i * sizeof(float)]);
        code.vscalefps(x, zmm28, zmm27);
    }
}

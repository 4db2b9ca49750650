using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Fovea.Tensors.Backends.Cpu.Assembly;

/// <summary>Writes the conversions to pairs of bfloat16 (VCVTNE2PS2BF16), 32 numbers at a time; the System V
/// convention.</summary>
internal static class PairAssembler
{
    private const int Bytes = 64;

    /// <summary>Code of <c>(source, pairs, count)</c>: neighbours in a row become pairs, 32 numbers <c>count</c> times,
    /// which is at least once.</summary>
    internal static byte[] Along() => Assemble(code =>
    {
        Label loop = code.CreateLabel();
        code.Label(ref loop);
        code.vmovups(zmm0, __zmmword_ptr[rdi]);
        code.vmovups(zmm1, __zmmword_ptr[rdi + Bytes]);
        code.vcvtne2ps2bf16(zmm0, zmm1, zmm0);
        code.vmovups(__zmmword_ptr[rsi], zmm0);
        code.add(rdi, 2 * Bytes);
        code.add(rsi, Bytes);
        code.dec(rdx);
        code.jnz(loop);
    });

    /// <summary>Code of <c>(first, second, pairs, count, order)</c>: neighbours in a column, of two rows, become pairs,
    /// 16 columns <c>count</c> times, which is at least once. <c>order</c> has 32 words: 0, 16, 1, 17, ...</summary>
    internal static byte[] Across() => Assemble(code =>
    {
        Label loop = code.CreateLabel();
        code.vmovups(zmm2, __zmmword_ptr[r8]);
        code.Label(ref loop);
        code.vmovups(zmm0, __zmmword_ptr[rdi]);
        code.vmovups(zmm1, __zmmword_ptr[rsi]);
        code.vcvtne2ps2bf16(zmm0, zmm1, zmm0);
        code.vpermw(zmm0, zmm2, zmm0);
        code.vmovups(__zmmword_ptr[rdx], zmm0);
        code.add(rdi, Bytes);
        code.add(rsi, Bytes);
        code.add(rdx, Bytes);
        code.dec(rcx);
        code.jnz(loop);
    });

    private static byte[] Assemble(Action<Assembler> body)
    {
        Assembler code = new(64);
        body(code);
        code.vzeroupper();
        code.ret();
        using MemoryStream bytes = new();
        code.Assemble(new StreamCodeWriter(bytes), 0);
        return bytes.ToArray();
    }
}

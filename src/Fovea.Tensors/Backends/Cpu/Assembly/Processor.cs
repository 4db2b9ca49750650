using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Fovea.Tensors.Backends.Cpu.Assembly;

/// <summary>Instructions of the processor that .NET has no intrinsics for.</summary>
internal static class Processor
{
    /// <summary>AVX512-BF16: products of pairs of bfloat16.</summary>
    internal static bool HasPairProducts { get; } = HasWide && (Leaf(1).Eax >> 5 & 1) == 1;

    /// <summary>AVX512-VNNI: products of four bytes.</summary>
    internal static bool HasByteProducts { get; } = HasWide && (Leaf(0).Ecx >> 11 & 1) == 1;

    private static bool HasWide => Vector512.IsHardwareAccelerated && Avx512BW.IsSupported && X86Base.X64.IsSupported;

    /// <summary>Extended features, which a processor without them answers with 0.</summary>
    private static (int Eax, int Ecx) Leaf(int part)
    {
        if (X86Base.CpuId(0, 0).Eax < 7) return default;
        if (part > X86Base.CpuId(7, 0).Eax) return default;
        (int eax, _, int ecx, _) = X86Base.CpuId(7, part);
        return (eax, ecx);
    }
}

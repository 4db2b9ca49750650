using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace Fovea.Training.Runs;

/// <summary>Names of the processor that this process runs on.</summary>
internal static class Processor
{
    private const uint BrandPages = 0x80000002;
    private const int BrandPageCount = 3;
    private const string LinuxFile = "/proc/cpuinfo";

    /// <summary>Name as its maker gives it, e.g. <c>AMD EPYC 7B13</c>; the architecture where none is known.</summary>
    public static string Name { get; } = Printable(Brand() ?? FromLinux() ?? "") is { Length: > 0 } name ? name
        : RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>The brand string that x86 processors carry: 48 bytes over three pages.</summary>
    private static string? Brand()
    {
        if (!X86Base.IsSupported) return null;
        if ((uint)X86Base.CpuId(unchecked((int)0x80000000), 0).Eax < BrandPages + BrandPageCount - 1) return null;
        List<byte> bytes = [];
        for (uint page = BrandPages; page < BrandPages + BrandPageCount; page++)
        {
            (int eax, int ebx, int ecx, int edx) = X86Base.CpuId(unchecked((int)page), 0);
            foreach (int register in (ReadOnlySpan<int>)[eax, ebx, ecx, edx])
                bytes.AddRange(BitConverter.GetBytes(register));
        }

        return Encoding.ASCII.GetString([.. bytes.TakeWhile(value => value != 0)]);
    }

    private static string? FromLinux()
    {
        try
        {
            string[] names = ["model name", "Model", "Hardware"];
            string? line = File.Exists(LinuxFile)
                ? File.ReadLines(LinuxFile).FirstOrDefault(line => names.Contains(line.Split(':')[0].Trim())) : null;
            return line?.Split(':', 2)[^1];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;   // a name is nice to have
        }
    }

    private static string Printable(string text) => string.Join(' ',
        string.Concat(text.Where(c => c is >= ' ' and < '\x7f')).Split(' ', StringSplitOptions.RemoveEmptyEntries));
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Fovea.Core.Files;

/// <summary>Heads of native libraries.</summary>
internal static class NativeFile
{
    private static readonly byte[] ElfMark = [0x7F, (byte)'E', (byte)'L', (byte)'F'];

    /// <summary>True where a library says that it is for another processor (ELF, of Linux); elsewhere loading it
    /// tells.</summary>
    public static bool IsForAnotherProcessor(string path)
    {
        Span<byte> head = stackalloc byte[20];
        using FileStream file = File.OpenRead(path);
        if (file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length
            || !head.StartsWith(ElfMark)) return false;
        int expected = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => 62,
            Architecture.Arm64 => 183,
            _ => 0,
        };
        return expected != 0 && BinaryPrimitives.ReadUInt16LittleEndian(head[18..]) != expected;
    }
}

using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Fovea.Tensors.Backends.Cpu.Placement;

/// <summary>The processors of this process's group, 64 at most, as Windows tells of them.</summary>
internal static partial class WindowsTopology
{
    /// <summary>Bytes of a <c>SYSTEM_LOGICAL_PROCESSOR_INFORMATION</c>: a mask of processors, what they share, and 16
    /// bytes more about that.</summary>
    internal const int EntryBytes = 32;

    private const int RelationOffset = 8, NodeOffset = 16, SharedCore = 0, SharedNode = 1;

    /// <summary>The processors; empty where they cannot be asked for.</summary>
    internal static IReadOnlyList<Processor> OfThisProcess()
    {
        uint length = 0;
        GetLogicalProcessorInformation([], ref length);
        byte[] entries = new byte[length];
        return nint.Size == sizeof(ulong) && GetLogicalProcessorInformation(entries, ref length) != 0
            && GetProcessAffinityMask(-1, out nuint allowed, out _) != 0
            ? Read(entries.AsSpan(0, (int)length), allowed) : [];
    }

    /// <summary>Reads the system's entries.</summary>
    /// <param name="entries">Entries one after the other.</param>
    /// <param name="allowed">Mask of the processors that the process may use.</param>
    internal static IReadOnlyList<Processor> Read(ReadOnlySpan<byte> entries, ulong allowed)
    {
        Dictionary<int, int> cores = [], nodes = [];
        for (; entries.Length >= EntryBytes; entries = entries[EntryBytes..])
        {
            ulong mask = BinaryPrimitives.ReadUInt64LittleEndian(entries);
            int relation = BinaryPrimitives.ReadInt32LittleEndian(entries[RelationOffset..]),
                node = BinaryPrimitives.ReadInt32LittleEndian(entries[NodeOffset..]);
            foreach (int number in Numbers(mask))
                if (relation == SharedCore) cores.TryAdd(number, BitOperations.TrailingZeroCount(mask));
                else if (relation == SharedNode) nodes.TryAdd(number, node);
        }

        return [.. Numbers(allowed).Select(number => new Processor(number, cores.GetValueOrDefault(number, number),
            nodes.GetValueOrDefault(number)))];
    }

    private static List<int> Numbers(ulong mask)
    {
        List<int> numbers = [];
        for (; mask != 0; mask &= mask - 1) numbers.Add(BitOperations.TrailingZeroCount(mask));
        return numbers;
    }

    [LibraryImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int GetLogicalProcessorInformation(byte[] entries, ref uint length);

    [LibraryImport("kernel32")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int GetProcessAffinityMask(nint process, out nuint allowed, out nuint system);
}

using System.Buffers.Binary;
using System.Numerics;
using Fovea.Training.Tracking.Formats.TensorBoard;
using Google.Protobuf;

namespace Fovea.Training.Tracking;

/// <summary>A file of TensorBoard events: TFRecords, each its length, the masked CRC-32C of that, the event, and its
/// masked CRC-32C.</summary>
internal sealed class EventFile : IDisposable
{
    private static int _filesOfProcess;
    private readonly FileStream _file;

    /// <summary>Begins a file that TensorBoard finds, with a name that no other process takes.</summary>
    public EventFile(string directory)
    {
        string name = $"events.out.tfevents.{DateTimeOffset.UtcNow.ToUnixTimeSeconds()}.{Environment.MachineName}."
            + $"{Environment.ProcessId}.{Interlocked.Increment(ref _filesOfProcess)}";
        _file = new FileStream(Path.Combine(directory, name), FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        Write(new Event { FileVersion = "brain.Event:2" });
    }

    /// <summary>Appends an event, at the present time; it can be read at once.</summary>
    public void Write(Event entry)
    {
        entry.WallTime = (DateTime.UtcNow - DateTime.UnixEpoch).TotalSeconds;
        byte[] data = entry.ToByteArray();
        Span<byte> head = stackalloc byte[12];
        Span<byte> tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], Masked(head[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(tail, Masked(data));
        _file.Write(head);
        _file.Write(data);
        _file.Write(tail);
        _file.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    /// <summary>CRC-32C, rotated and shifted so that a checksum over data with checksums stays a good one.</summary>
    internal static uint Masked(ReadOnlySpan<byte> data) => BitOperations.RotateRight(Crc32C(data), 15) + 0xa282ead8u;

    /// <summary>CRC-32C (Castagnoli); <c>Crc32C("123456789") = 0xE3069283</c>.</summary>
    internal static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        for (; data.Length >= 8; data = data[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        foreach (byte value in data) crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }
}

using System.Buffers.Binary;

namespace Fovea.Training.Tests.Support;

/// <summary>Readers of trackers' files, written from the formats' specifications.</summary>
internal static class TrackedFiles
{
    /// <summary>TFRecords (TensorFlow, "TFRecord and tf.train.Example"): length, masked CRC-32C of it, data, masked
    /// CRC-32C of the data.</summary>
    public static List<WireMessage> Events(string file)
    {
        List<WireMessage> events = [];
        ReadOnlySpan<byte> bytes = File.ReadAllBytes(file);
        while (bytes.Length > 0)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            Require(bytes[..8], bytes[8..]);
            Require(bytes.Slice(12, length), bytes[(12 + length)..]);
            events.Add(new WireMessage(bytes.Slice(12, length)));
            bytes = bytes[(16 + length)..];
        }

        return events;

        static void Require(ReadOnlySpan<byte> data, ReadOnlySpan<byte> stored)
        {
            uint crc = Crc(data, 0x82F63B78);   // Castagnoli
            Assert.Equal(((crc >> 15) | (crc << 17)) + 0xa282ead8, BinaryPrimitives.ReadUInt32LittleEndian(stored));
        }
    }

    /// <summary>A LevelDB log (LevelDB, "Log format") behind seven bytes of identity, with plain CRC-32
    /// checksums.</summary>
    public static List<byte[]> Records(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        Assert.Equal([.. ":W&B"u8, 0xE1, 0xBE, 0], bytes[..7]);
        List<byte[]> records = [];
        List<byte>? open = null;
        for (int position = 7; position < bytes.Length;)
        {
            int left = 32768 - position % 32768;
            if (left < 7)
            {
                Assert.All(bytes[position..(position + left)], value => Assert.Equal(0, value));
                position += left;
                continue;
            }

            ReadOnlySpan<byte> head = bytes.AsSpan(position, 7);
            int length = BinaryPrimitives.ReadUInt16LittleEndian(head[4..]);
            Assert.True(length + 7 <= left, "a part crosses the end of its block");
            Assert.Equal(Crc(bytes.AsSpan(position + 6, length + 1), 0xEDB88320),
                BinaryPrimitives.ReadUInt32LittleEndian(head));
            Assert.InRange(head[6], 1, 4);
            Assert.Equal(head[6] is 1 or 2, open is null);
            (open ??= []).AddRange(bytes[(position + 7)..(position + 7 + length)]);
            if (head[6] is 1 or 4)
            {
                records.Add([.. open]);
                open = null;
            }

            position += 7 + length;
        }

        Assert.Null(open);
        return records;
    }

    public static List<WireMessage> WandbRecords(string file) =>
        [.. Records(file).Select(record => new WireMessage(record))];

    private static uint Crc(ReadOnlySpan<byte> data, uint polynomial)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in data)
        {
            crc ^= value;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? polynomial ^ (crc >> 1) : crc >> 1;
        }

        return ~crc;
    }
}

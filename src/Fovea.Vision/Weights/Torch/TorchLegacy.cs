using System.Buffers.Binary;
using Fovea.Core.Formats;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Torch;

/// <summary>
/// PyTorch's format before 1.6: five pickles (a magic number, a version, the machine, the value, the keys of its
/// storages), then for each key the number of its elements (8 bytes) and the elements.
/// </summary>
internal static class TorchLegacy
{
    private const int LargestPickles = 64 << 20, FirstTry = 1 << 20;
    private const long Version = 1001;

    /// <summary>The pickled number that such files start with, behind two bytes that name the pickle's
    /// protocol.</summary>
    public static ReadOnlySpan<byte> Magic =>
        [0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, (byte)'.'];

    /// <summary>True for the first bytes of such a file.</summary>
    public static bool Recognises(ReadOnlySpan<byte> start) => start.Length > 2 && start[0] == 0x80
        && start[2..].StartsWith(Magic);

    /// <summary>Reads the pickles and finds the storages.</summary>
    /// <param name="file">Closed with the result.</param>
    /// <exception cref="DataException">The file is damaged, hostile, or of another kind.</exception>
    public static WeightFile Read(WindowedFile file)
    {
        // How long the pickles are shows only when they have been read: most files need no more than the first try.
        for (int size = FirstTry; ; size *= 8)
        {
            byte[] start = new byte[Math.Min(file.Length, size)];
            file.Read(0, start);
            try
            {
                return Parse(file, start);
            }
            catch (DataException) when (start.Length < file.Length && size < LargestPickles)
            {
                // Perhaps it was only cut off.
            }
        }
    }

    private static TorchFile Parse(WindowedFile file, byte[] start)
    {
        int position = 2 + Magic.Length;
        TorchObjects objects = new(file.Path);
        if (Next() is not Version)
            throw new DataException(
                $"{file.Path}: is of a version of PyTorch's old format that is not read ({Version} is).");
        if (Next() is not Dictionary<string, object?> machine || machine.GetValueOrDefault("little_endian") is not true)
            throw new DataException($"{file.Path}: was written on a big-endian machine; load and save it on another.");
        object? root = Next();
        if (Next() is not List<object?> keys)
            throw new DataException($"{file.Path}: has no list of storages; it is damaged or of another kind.");
        return new TorchFile(file, "PyTorch (before 1.6)", root, Offsets(file, position, keys, objects),
            objects.PassedOver);

        object? Next()
        {
            PickleReader reader = new(start.AsMemory(position), file.Path, objects);
            object? value = reader.Read();
            position += reader.Position;
            return value;
        }
    }

    private static Dictionary<string, long> Offsets(WindowedFile file, long position, List<object?> keys,
        TorchObjects objects)
    {
        Dictionary<string, long> offsets = [];
        Span<byte> length = stackalloc byte[sizeof(long)];
        foreach (object? entry in keys)
        {
            if (entry is not PickleText key || !objects.Storages.TryGetValue(key.ToString(), out TorchStorage? storage))
                throw new DataException($"{file.Path}: lists a storage that no tensor uses; it is damaged.");
            file.Read(position, length);
            long count = BinaryPrimitives.ReadInt64LittleEndian(length);
            Int128 end = (Int128)position + length.Length + (Int128)count * storage.Type.Bytes;
            if (count < 0 || end > file.Length || (Int128)count * storage.Type.Bytes < storage.BytesNeeded)
                throw new DataException(
                    $"{file.Path}: storage '{storage.Key}' at byte {position} claims {count} numbers where "
                        + $"{storage.Start + storage.Count} are needed and the file ends at {file.Length}: "
                    + "it was cut short or is damaged.");
            offsets[storage.Key] = position + length.Length;
            position = (long)end;
        }

        return objects.Storages.Keys.FirstOrDefault(key => !offsets.ContainsKey(key)) is string missing
            ? throw new DataException($"{file.Path}: has no storage '{missing}'; it is damaged.")
            : offsets;
    }
}

using System.IO.Hashing;
using System.Text;
using Fovea.Core.Formats;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Torch;

/// <summary>
/// PyTorch's format since 1.6: a zip archive, nothing in it packed, of <c>NAME/data.pkl</c> and one
/// <c>NAME/data/KEY</c> per storage.
/// </summary>
internal sealed class TorchZip
{
    private const string Pickle = "data.pkl";
    private const long LargestPickle = 64 << 20;
    private const int Piece = 1 << 20;

    private readonly WindowedFile _file;
    private readonly Dictionary<string, ZipEntry> _entries = [];
    private readonly string _root;

    private TorchZip(WindowedFile file)
    {
        _file = file;
        ZipDirectory.List(file.Path, file.Handle, (name, place) =>
        {
            if (!_entries.TryAdd(name, place)) throw Wrong($"holds '{name}' twice");
        });
        string pickle = _entries.Keys.Where(name => name == Pickle
            || name.EndsWith("/" + Pickle, StringComparison.Ordinal)).MinBy(name => name.Length)
            ?? throw new DataException(
                $"{file.Path}: is a zip archive without {Pickle}, so nothing that torch.save wrote.");
        _root = pickle[..^Pickle.Length];
    }

    /// <summary>Reads the pickle and finds the storages.</summary>
    /// <param name="file">Closed with the result.</param>
    /// <exception cref="DataException">The archive is damaged, hostile, or of another kind.</exception>
    public static WeightFile Read(WindowedFile file) => new TorchZip(file).Read();

    private TorchFile Read()
    {
        if (_entries.ContainsKey(_root + "constants.pkl"))
            throw new DataException(
                $"{_file.Path}: is a TorchScript archive, code and all; save model.state_dict() instead.");
        if (_entries.ContainsKey(_root + "byteorder")
            && Encoding.ASCII.GetString(Contents("byteorder", 16)) is not "little")
            throw new DataException($"{_file.Path}: was written on a big-endian machine; load and save it on another.");
        TorchObjects objects = new(_file.Path);
        object? root = new PickleReader(Contents(Pickle, LargestPickle), _file.Path, objects).Read();
        return new TorchFile(_file, "PyTorch (zip)", root,
            objects.Storages.ToDictionary(entry => entry.Key, entry => Place(entry.Value)), objects.PassedOver);
    }

    private long Place(TorchStorage storage)
    {
        (long start, ZipEntry entry) = Find("data/" + storage.Key);
        if (entry.Length < storage.BytesNeeded)
            throw Wrong($"has {entry.Length} bytes for storage '{storage.Key}', which needs {storage.BytesNeeded}");
        RequireIntact("data/" + storage.Key, start, entry);
        return start;
    }

    private byte[] Contents(string name, long most)
    {
        (long start, ZipEntry entry) = Find(name);
        if (entry.Length > most) throw Wrong($"has {entry.Length} bytes in '{name}', where at most {most} are read");
        byte[] bytes = new byte[entry.Length];
        _file.Read(start, bytes);
        if (Crc32.HashToUInt32(bytes) != entry.Crc) throw WrongChecksum(name);
        return bytes;
    }

    /// <summary>Reads an entry once and compares its checksum; that takes a small part of the time of
    /// loading.</summary>
    private void RequireIntact(string name, long start, ZipEntry entry)
    {
        Crc32 checksum = new();
        byte[] part = new byte[Math.Min(entry.Length, Piece)];
        for (long at = 0; at < entry.Length; at += part.Length)
        {
            Span<byte> bytes = part.AsSpan(0, (int)Math.Min(part.Length, entry.Length - at));
            _file.Read(start + at, bytes);
            checksum.Append(bytes);
        }

        if (checksum.GetCurrentHashAsUInt32() != entry.Crc) throw WrongChecksum(name);
    }

    private DataException WrongChecksum(string name) =>
        new($"{_file.Path}: '{name}' does not match its checksum: the file is damaged; download or save it again.");

    private (long Start, ZipEntry Entry) Find(string name)
    {
        if (!_entries.TryGetValue(_root + name, out ZipEntry entry)) throw Wrong($"holds no '{name}'");
        if (entry.IsDeflated)
            throw Wrong(
                $"has '{name}' packed, which torch.save never does (nor is it unpacked here); load it in PyTorch and "
                    + "save it again");
        long start = ZipDirectory.ContentsOf(_file.Handle, entry)
            ?? throw Wrong($"does not have '{name}' at offset {entry.Offset}");
        return entry.Packed == entry.Length && start <= _file.Length - entry.Length ? (start, entry)
            : throw Wrong($"is cut off in '{name}'");
    }

    private DataException Wrong(string what) =>
        new($"{_file.Path}: {what}; the archive is damaged, hostile or of another kind.");
}

using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Torch;

namespace Fovea.Vision.Weights;

/// <summary>
/// A file of named tensors, whatever its format: safetensors, or PyTorch's in a zip archive or without. Tensors are read when asked for; nothing in
/// a file is ever executed.
/// </summary>
public abstract class WeightFile : IDisposable
{
    /// <summary>The file, for messages.</summary>
    public abstract string Path { get; }

    /// <summary>The format, for people, e.g. <c>safetensors</c>.</summary>
    public abstract string Format { get; }

    /// <summary>All tensors under their full names: <c>model.head.weight</c> where a dict holds a dict.</summary>
    public abstract IReadOnlyList<Weight> Weights { get; }

    /// <summary>Strings beside the tensors; only safetensors has them.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Opens a file; its first bytes tell the format.</summary>
    /// <exception cref="CheckpointException">It is missing, damaged, hostile or something else; one sentence says what.</exception>
    public static WeightFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            byte[] start = new byte[Math.Min(file.Length, TorchLegacy.Magic.Length + 2)];
            file.Read(0, start);
            if (start.AsSpan().StartsWith("PK\x03\x04"u8)) return TorchZip.Read(file);
            if (TorchLegacy.Recognises(start)) return TorchLegacy.Read(file);
            if (start.AsSpan().StartsWith("\x89HDF"u8)) throw new CheckpointException($"{path}: is a file of Keras (HDF5), which is not read; save it as safetensors.");
            return new SafetensorsReader(file);
        }
        catch (DataException error)
        {
            file.Dispose();
            throw new CheckpointException(error.Message, error);
        }
        catch (IOException error)
        {
            file.Dispose();
            throw new CheckpointException($"{path}: cannot be read: {error.Message}", error);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    protected abstract void Dispose(bool disposing);
}

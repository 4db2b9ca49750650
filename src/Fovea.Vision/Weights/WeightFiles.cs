using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;
using Fovea.Vision.Weights.Torch;

namespace Fovea.Vision.Weights;

/// <summary>Files of weights, whatever their format.</summary>
public static class WeightFiles
{
    /// <summary>Opens a file; its first bytes tell the format.</summary>
    /// <exception cref="CheckpointException">It is missing, damaged, hostile or something else; one sentence says
    /// what.</exception>
    public static WeightFile Open(string path)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            byte[] start = new byte[Math.Min(file.Length, TorchLegacy.Magic.Length + 2)];
            file.Read(0, start);
            if (start.AsSpan().StartsWith("PK\x03\x04"u8)) return TorchZip.Read(file);
            if (TorchLegacy.Recognises(start)) return TorchLegacy.Read(file);
            if (start.AsSpan().StartsWith("\x89HDF"u8))
                throw new CheckpointException(
                    $"{path}: is a file of Keras (HDF5), which is not read; save it as safetensors.");
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
}

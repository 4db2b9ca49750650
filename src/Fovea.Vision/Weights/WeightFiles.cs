using Fovea.Vision.Weights.Numpy;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;
using Fovea.Vision.Weights.Torch;

namespace Fovea.Vision.Weights;

/// <summary>Files of weights, whatever their format.</summary>
public static class WeightFiles
{
    private const int StartBytes = 64;

    /// <summary>Files that a folder of Hugging Face has, best first.</summary>
    private static readonly string[] FolderFiles =
    [
        "model.safetensors", "model" + ShardedWeights.Ending, "pytorch_model.bin",
        "pytorch_model.bin.index.json", "open_clip_model.safetensors",
    ];

    /// <summary>The file of weights in a folder as Hugging Face writes it, or null.</summary>
    public static string? InFolder(string folder) =>
        FolderFiles.Select(name => Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>Opens a file, or the list of a model in several files (<c>model.safetensors.index.json</c>); the first
    /// bytes tell the format.</summary>
    /// <exception cref="CheckpointException">It is missing, damaged, hostile or something else; one sentence says
    /// what.</exception>
    public static WeightFile Open(string path)
    {
        if (path.EndsWith(".index.json", StringComparison.OrdinalIgnoreCase)) return ShardedWeights.Open(path);
        WindowedFile file = WindowedFile.Open(path);
        try
        {
            byte[] start = new byte[Math.Min(file.Length, Math.Max(StartBytes, TorchLegacy.Magic.Length + 2))];
            file.Read(0, start);
            if (start.AsSpan().StartsWith("PK\x03\x04"u8))
                return NumpyWeights.TryRead(file) ?? TorchZip.Read(file);
            if (TorchLegacy.Recognises(start)) return TorchLegacy.Read(file);
            return ForeignFile.Describe(start) is string what ? throw new CheckpointException($"{path}: is {what}")
                : new SafetensorsReader(file);
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

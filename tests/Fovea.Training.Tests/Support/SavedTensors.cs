using Fovea.Vision.Weights.Safetensors;

namespace Fovea.Training.Tests.Support;

/// <summary>Tensors of a file, by name.</summary>
internal static class SavedTensors
{
    public static Dictionary<string, float[]> Of(string path)
    {
        using SafetensorsReader file = SafetensorsReader.Open(path);
        Dictionary<string, float[]> tensors = [];
        foreach (SafetensorsEntry entry in file.Entries) file.Read(entry, tensors[entry.Name] = new float[entry.Count]);
        return tensors;
    }
}

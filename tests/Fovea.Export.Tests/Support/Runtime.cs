using Microsoft.ML.OnnxRuntime;

namespace Fovea.Export.Tests.Support;

/// <summary>ONNX Runtime.</summary>
internal static class Runtime
{
    /// <summary>A session on one thread.</summary>
    public static InferenceSession Open(string path)
    {
        using SessionOptions options = new() { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        return new InferenceSession(path, options);
    }

    /// <summary>The output for an input.</summary>
    public static float[] Run<T>(InferenceSession session, T[] input, params long[] sizes) where T : unmanaged
    {
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(input, sizes);
        using RunOptions options = new();
        using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options,
            new Dictionary<string, OrtValue> { ["images"] = value }, session.OutputNames);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }
}

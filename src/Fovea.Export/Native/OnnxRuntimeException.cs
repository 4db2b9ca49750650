namespace Fovea.Export.Native;

/// <summary>A call into ONNX Runtime failed.</summary>
internal sealed class OnnxRuntimeException(string message) : Exception(message);

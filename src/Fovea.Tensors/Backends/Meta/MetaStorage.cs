namespace Fovea.Tensors.Backends.Meta;

/// <summary>A size without memory.</summary>
internal sealed class MetaStorage(Backend backend, int capacity) : Storage(backend, capacity);

namespace Fovea.Core;

/// <summary>A file of weights or training state that cannot be written, read or used; the sentence names the
/// file.</summary>
/// <inheritdoc/>
public sealed class CheckpointException(string reason, Exception? inner = null) : FoveaException(reason, inner);

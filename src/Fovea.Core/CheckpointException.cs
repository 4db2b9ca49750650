namespace Fovea.Core;

/// <summary>A file of weights or training state that cannot be written, read or used; one sentence names file and reason.</summary>
/// <param name="message">What was wrong, where, and what to do.</param>
/// <param name="inner">The error below, where there was one.</param>
public sealed class CheckpointException(string message, Exception? inner = null) : Exception(message, inner);

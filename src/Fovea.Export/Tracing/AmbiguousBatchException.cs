namespace Fovea.Export.Tracing;

/// <summary>Two axes could be the batch's, because the size that stood for it divides another one: trace with another
/// size.</summary>
internal sealed class AmbiguousBatchException : Exception;

namespace Fovea.Core;

/// <summary>A name, option or value that does not exist or makes no sense. The message says which ones do.</summary>
/// <param name="message">What was asked for, and what can be asked for.</param>
public sealed class UsageException(string message) : Exception(message);

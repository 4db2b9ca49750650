namespace Fovea.Core;

/// <summary>
/// A dataset that is missing, wrong, truncated or hostile. The message is one sentence that names the file, the place in it
/// and what to do; nothing else escapes from reading data.
/// </summary>
/// <param name="message">What was wrong, where, and what to do.</param>
/// <param name="inner">The error below, where there was one.</param>
public sealed class DataException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>What else can be done where one image ends the work on a whole dataset; null where nothing can.</summary>
    public string? Remedy { get; init; }
}

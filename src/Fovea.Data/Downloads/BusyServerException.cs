namespace Fovea.Data.Downloads;

/// <summary>An answer that another attempt may change: too many requests, or a fault of the server.</summary>
/// <param name="reason">The sentence for when the attempts are over.</param>
/// <param name="pause">What the server asks for; null: nothing.</param>
internal sealed class BusyServerException(string reason, TimeSpan? pause) : Exception(reason)
{
    /// <summary>Pause that the server asks for; null: none.</summary>
    public TimeSpan? Pause { get; } = pause;
}

namespace Fovea.Server.Requests;

/// <summary>A request that is answered with an error.</summary>
/// <param name="status">Status of the answer.</param>
/// <param name="reason">A sentence for the client.</param>
internal sealed class RequestException(int status, string reason) : Exception(reason)
{
    /// <summary>Status of the answer.</summary>
    public int Status => status;

    /// <summary>The same request may succeed a moment later.</summary>
    public bool IsTemporary => status == 503;
}

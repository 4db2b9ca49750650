namespace Fovea.Server.Requests;

/// <summary>A file that a client sent.</summary>
/// <param name="Name">The client's name for it, for messages.</param>
/// <param name="Bytes">Its contents.</param>
internal sealed record Upload(string Name, ReadOnlyMemory<byte> Bytes);

/// <summary>The images of a request, and what is wanted of them.</summary>
internal sealed record ImageRequest
{
    /// <summary>One or more.</summary>
    public required IReadOnlyList<Upload> Images { get; init; }

    /// <summary>Settings of the query and of the body by name; those of the query count.</summary>
    public required IReadOnlyDictionary<string, string> Settings { get; init; }

    /// <summary>The setting of a name; null: it is not given.</summary>
    public string? Setting(string name) => Settings.GetValueOrDefault(name);
}

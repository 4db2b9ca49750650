namespace Fovea.Data.Downloads;

/// <summary>A file as it is published.</summary>
/// <param name="Address">Where it lies.</param>
/// <param name="Name">Name of the file here.</param>
/// <param name="Bytes">Its length; null: not known.</param>
/// <param name="Sum">Its published checksum, or the first digits of it; null: not known. It tells damage, and SHA-256
/// malice too.</param>
public sealed record RemoteFile(Uri Address, string Name, long? Bytes, Checksum? Sum);

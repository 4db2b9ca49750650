namespace Fovea.Data.Downloads;

/// <summary>A file of a dataset as it is published.</summary>
/// <param name="Address">Where it lies.</param>
/// <param name="Name">Name of the file here.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Md5">Its published checksum, in lower-case hexadecimal digits. It tells damage, not malice.</param>
public sealed record RemoteFile(Uri Address, string Name, long Bytes, string Md5);

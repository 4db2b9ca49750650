namespace Fovea.Data.Downloads;

/// <summary>A file that <see cref="Downloader"/> fetched, or found.</summary>
/// <param name="Path">Where it lies.</param>
/// <param name="IsNew">False where it was there before.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sum">Its checksum: SHA-256 unless another one is published.</param>
/// <param name="IsVouched">The server said the SHA-256 of the file that it sends (as the hub of Hugging Face does), and
/// it is right.</param>
public sealed record DownloadedFile(string Path, bool IsNew, long Bytes, string Sum, bool IsVouched);

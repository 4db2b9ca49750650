using Fovea.Data.Downloads;

namespace Fovea.Training.Pretrained;

/// <summary>Published weights that are on this machine: <c>FOLDER/weights/NAME/FILE</c>.</summary>
/// <param name="folder">The cache's folder, which need not exist.</param>
/// <param name="list">The names.</param>
public sealed class WeightsCache(string folder, WeightsList list)
{
    /// <summary>Names the folder.</summary>
    public const string Variable = "FOVEA_CACHE";

    /// <summary>The folder that <c>FOVEA_CACHE</c> names, or the system's for such things.</summary>
    public static string UserFolder
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named) return named;
            if (OperatingSystem.IsWindows())
                return Path.Combine(Place(Environment.SpecialFolder.LocalApplicationData), "fovea", "cache");
            string home = Place(Environment.SpecialFolder.UserProfile);
            return OperatingSystem.IsMacOS() ? Path.Combine(home, "Library", "Caches", "fovea")
                : Path.Combine(Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } caches ? caches
                    : Path.Combine(home, ".cache"), "fovea");
        }
    }

    /// <summary>The names.</summary>
    public WeightsList List => list;

    /// <summary>The user's cache, with the user's list.</summary>
    /// <exception cref="UsageException">The user's list is wrong.</exception>
    public static WeightsCache OfUser() => new(UserFolder, WeightsList.OfUser());

    /// <summary>Path at which an entry's file lies, or is to be put.</summary>
    public string PathOf(ListedWeights entry) => Path.Combine(folder, "weights", entry.Name, entry.FileName);

    /// <summary>Path of an entry's file on this machine, which is not looked into; null where there is
    /// none.</summary>
    public string? PlaceOf(ListedWeights entry) =>
        PathOf(entry) is var path && File.Exists(path) ? path : OtherCaches.Find(entry);

    /// <summary>An entry's file on this machine, verified: in this cache, or in those of Hugging Face's and PyTorch's
    /// tools. Null where there is none.</summary>
    /// <exception cref="DataException">Its length or checksum is wrong, or it cannot be read.</exception>
    public string? Find(ListedWeights entry)
    {
        string path = PathOf(entry);
        if (!File.Exists(path)) return OtherCaches.Find(entry);
        WeightsOrigin? origin = WeightsOrigin.Beside(path);
        if (origin?.IsOf(new FileInfo(path)) == true && Fits(entry, origin)) return path;
        DownloadedFile file = Downloader.VerifyAsync(FileOf(entry, origin), path, default).GetAwaiter().GetResult();
        Note(entry, file, origin, isFetched: false);
        return path;
    }

    /// <summary>Fetches an entry's file unless it is here.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="client">Makes the requests.</param>
    /// <param name="progress">Is told how many bytes are there, and of how many.</param>
    /// <param name="said">Is told what people should know.</param>
    /// <param name="stop">Ends the work; what has come stays.</param>
    /// <returns>The file, and what is known of it.</returns>
    /// <exception cref="UsageException">It wants a login: the message says how to fetch it by hand.</exception>
    /// <exception cref="DataException">It cannot be fetched, or is not what was published.</exception>
    public Task<(string Path, WeightsOrigin Origin, bool IsNew)> FetchAsync(ListedWeights entry, HttpClient client,
        Action<long, long?>? progress = null, Action<string>? said = null, CancellationToken stop = default) =>
        FetchAsync(entry, new Downloader(client), progress, said, stop);

    /// <summary>Fetches as the public one does.</summary>
    internal async Task<(string Path, WeightsOrigin Origin, bool IsNew)> FetchAsync(ListedWeights entry,
        Downloader downloader, Action<long, long?>? progress, Action<string>? said, CancellationToken stop)
    {
        string path = PathOf(entry);
        if (entry.NeedsLogin && !File.Exists(path)) throw ByHand(entry);
        WeightsOrigin? origin = WeightsOrigin.Beside(path);
        DownloadedFile file = await downloader.FetchAsync(FileOf(entry, origin), Path.GetDirectoryName(path)!, progress,
            said, stop).ConfigureAwait(false);
        WeightsOrigin noted = Note(entry, file, file.IsNew ? origin : WeightsOrigin.Beside(path), file.IsNew);
        if (file.IsNew && noted.KnownBy == Nothing)
            said?.Invoke($"{entry.Name}: nobody publishes the SHA-256 of this file; it is {noted.Sha256} and has to be "
                + $"that from now on ({WeightsOrigin.PathOf(path)}).");
        return (path, noted, file.IsNew);
    }

    /// <summary>A sentence on how to get a file that people fetch.</summary>
    internal UsageException ByHand(ListedWeights entry) => new(
        $"the weights '{entry.Name}' want a login and their licence ({entry.Licence}) accepted: fetch "
            + $"{entry.Address.AbsoluteUri} with a browser and put it at {PathOf(entry)}; then their name is enough.");

    private const string Nothing = "nothing";

    private static string Place(Environment.SpecialFolder folder) =>
        Environment.GetFolderPath(folder, Environment.SpecialFolderOption.DoNotVerify);

    private static bool Fits(ListedWeights entry, WeightsOrigin origin) => (entry.Bytes ?? origin.Bytes) == origin.Bytes
        && (entry.Sha256 is not string sum || origin.Sha256.StartsWith(sum, StringComparison.Ordinal));

    /// <summary>The file with the best checksum that is known: the list's, or the one of the first fetch.</summary>
    private RemoteFile FileOf(ListedWeights entry, WeightsOrigin? origin)
    {
        Checksum? listed = entry.Sha256 is string sum ? Checksum.Sha256(sum) : null;
        Checksum? kept = origin is not null && listed is not { IsWhole: true } && listed?.Fits(origin.Sha256) != false
            ? Checksum.Sha256(origin.Sha256) with
            {
                Whose = $"that of the first fetch (as {WeightsOrigin.PathOf(PathOf(entry))} says; remove it to take "
                    + "another file),",
            }
            : null;
        return new RemoteFile(list.PlaceOf(entry), entry.FileName, entry.Bytes, kept ?? listed);
    }

    private WeightsOrigin Note(ListedWeights entry, DownloadedFile file, WeightsOrigin? old, bool isFetched)
    {
        string knownBy = entry.Sha256 is string sum ? sum.Length == file.Sum.Length ? "list" : "first-digits"
            : file.IsVouched ? "server" : old?.KnownBy ?? Nothing;
        string? address = isFetched ? list.PlaceOf(entry).AbsoluteUri : old?.Address;
        WeightsOrigin origin = new(entry.Name, entry.Preset, address, file.Bytes, file.Sum, knownBy,
            File.GetLastWriteTimeUtc(file.Path), Numbers(entry.Mean), Numbers(entry.Std));
        try
        {
            origin.Write(file.Path);
        }
        catch (CheckpointException) when (!isFetched)
        {
            // a cache that may be read only: the file is verified each time
        }

        return origin;
    }

    private static double[]? Numbers((double Red, double Green, double Blue)? colours) =>
        colours is (double red, double green, double blue) ? [red, green, blue] : null;
}

using Fovea.Cli.Display;
using Fovea.Core.Collectives;
using Fovea.Data.Downloads;
using Fovea.Training.Pretrained;
using Fovea.Training.Setup;

namespace Fovea.Cli.Commands;

/// <summary>Published weights that a command was given by name: fetched before it begins.</summary>
internal static class PublishedFiles
{
    /// <summary>Fetches what paths stand for; see <see cref="Ensure"/>.</summary>
    public static Func<string, ListedWeights?> On(Terminal terminal) => path => Ensure(path, terminal);

    /// <summary>The entry that a path stands for, fetched unless it is here; null where the path is one of a file, a
    /// folder or nothing.</summary>
    public static ListedWeights? Ensure(string path, Terminal terminal, CancellationToken stop = default)
    {
        ListedWeights? entry = PretrainedWeights.Listed(path);
        if (entry is not null && WeightsCache.OfUser().Find(entry) is null) Fetch(entry, terminal, stop);
        return entry;
    }

    /// <summary>Fetches an entry; nothing where there is none.</summary>
    public static void Fetch(ListedWeights? entry, Terminal terminal, CancellationToken stop)
    {
        if (entry is null) return;
        bool isSilent = Launcher.Current is { Rank: > 0 };   // rank 0 says it; all wait for one of them
        (string path, WeightsOrigin origin, _) = Get(WeightsCache.OfUser(), entry, terminal, isSilent, stop);
        if (!isSilent) terminal.Error.WriteLine($"fovea: {entry.Name}: {Licence(entry)}; "
            + $"{ByteSize.Text(origin.Bytes)} fetched to {path}");
    }

    /// <summary>Fetches an entry into a cache, with a line on the way.</summary>
    public static (string Path, WeightsOrigin Origin, bool IsNew) Get(WeightsCache cache, ListedWeights entry,
        Terminal terminal, bool isSilent, CancellationToken stop)
    {
        using HttpClient client = Downloader.CreateClient();
        using FetchLine line = new(entry.Name, terminal);
        return cache.FetchAsync(entry, client, isSilent ? null : line.Show, isSilent ? null : line.Say, stop)
            .GetAwaiter().GetResult();
    }

    /// <summary>The terms of use in words.</summary>
    public static string Licence(ListedWeights entry) => $"licence {entry.Licence}";
}

using System.Collections.Concurrent;
using System.Globalization;
using Fovea.Core.Files;
using Fovea.Lab.Studies;
using Fovea.Server.Requests;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Server.Studio.Runs;

/// <summary>Runs and studies of the folders of a studio. What was read of a run is kept until one of its files
/// changes.</summary>
internal sealed class RunFolders(IReadOnlyList<string> folders, bool control)
{
    private const int LongestText = 200;
    private static readonly TimeSpan Remembered = TimeSpan.FromMinutes(10);

    /// <summary>Fields that say where and how conveniently a run goes.</summary>
    private static readonly HashSet<string> Bookkeeping = ["out", "threads", "pin", "workers", "log-every",
        "checkpoint-every", "checkpoint-minutes", "keep-checkpoints", "track", "histogram-every", "timeline",
        "train-eval"];

    private static readonly string[] Fields = [.. RecipeFields.All
        .Where(field => !field.IsShorthand && !Bookkeeping.Contains(field.Name)).Select(field => field.Name)];

    private static readonly HashSet<string> Names = [.. Fields];

    private readonly FolderWalk _walk = new(folders);
    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly Lock _turn = new();

    /// <summary>The first folder: where new runs go.</summary>
    public (string Name, string Path) First => _walk.First;

    /// <summary>The runs and studies that are there now, and runs that have gone in the last ten minutes.</summary>
    public RunList List()
    {
        lock (_turn)
        {
            IReadOnlyList<Place> places = _walk.Find();
            Place[] runs = [.. places.Where(place => !place.IsStudy)];
            Known[] known = new Known[runs.Length];
            Parallel.For(0, runs.Length, i => known[i] = _known[runs[i].Id] = Look(runs[i]));
            DateTime now = DateTime.UtcNow;
            foreach (Known one in known) one.Seen = now;
            HashSet<string> there = [.. runs.Select(place => place.Id)];
            foreach ((string id, Known one) in _known.ToArray())
                if (!there.Contains(id) && now - one.Seen > Remembered) _known.TryRemove(id, out _);
            IEnumerable<RunEntry> gone = _known.Values.Where(one => !there.Contains(one.Place.Id))
                .Select(one => one.Entry with { State = RunState.Deleted, Problem = null });
            ILookup<bool, string> fields = Fields.ToLookup(field => Differs(field, known));
            string[] differing = [.. fields[true]];
            return new RunList([.. _walk.Folders.Select(Shown.Line)], control, differing, Common(fields[false], known),
                [.. known.Select(one => WithRecipe(one, differing)).Concat(gone)
                    .OrderBy(entry => entry.Id, StringComparer.Ordinal)],
                [.. places.Where(place => place.IsStudy).Select(Study)]);
        }
    }

    /// <summary>The run or study of an id. Only those can be had that are found in the folders, so no id leads out of
    /// them.</summary>
    /// <exception cref="RequestException">There is none.</exception>
    public Place Find(string? id, bool study = false)
    {
        if (string.IsNullOrEmpty(id)) throw new RequestException(400, "say which run: 'run' is missing.");
        return _walk.Find().FirstOrDefault(place => place.IsStudy == study && place.Id == id)
            ?? throw new RequestException(_known.ContainsKey(id) ? 410 : 404, _known.ContainsKey(id)
                ? $"the run '{Short(id)}' has been deleted."
                : $"there is no {(study ? "study" : "run")} '{Short(id)}'.");
    }

    /// <summary>The entry of a run as it is now; one that is gone is deleted.</summary>
    public RunEntry Entry(Place place)
    {
        if (!File.Exists(new RunDirectory(place.Path).Config))
            return (_known.TryGetValue(place.Id, out Known? was) ? was.Entry
                : new RunEntry { Id = place.Id, Name = Shown.Line(place.Id), State = RunState.Deleted })
                with
            { State = RunState.Deleted, Problem = null };
        Known known = Look(place);
        (known.Seen, _known[place.Id]) = (DateTime.UtcNow, known);
        return known.Entry;
    }

    /// <summary>The cells of a study.</summary>
    public IReadOnlyList<Place> Cells(Place study) => [.. _walk.Find().Where(place => place.Study == study.Id)];

    /// <summary>True where a file lies in the folders, whatever links lead to it.</summary>
    public bool Owns(string file) => _walk.Owns(file);

    /// <summary>An entry of a study.</summary>
    public static StudyEntry Study(Place place)
    {
        StudyStatus? status = StudyStatus.Read(place.Path);
        string state = DirectoryLock.IsHeld(place.Path) ? status is { Paused: true } ? "Paused" : "Running"
            : status is null || status.Finished == status.Cells ? "Finished" : "Stopped";
        string? now = state == "Running" && status?.Cell is string cell
            ? $"{Shown.Line(cell)}: epoch {status.Epoch} of {status.Epochs}" : null;
        return new(place.Id, Shown.Line(place.Id), state, status?.Finished ?? 0, status?.Cells ?? 0, now);
    }

    private static string Short(string id) => Shown.Line(id.Length <= 100 ? id : id[..100] + "...");

    private static bool Differs(string field, Known[] all)
    {
        string? first = null;
        foreach (Known known in all)
        {
            if (known.Values?.GetValueOrDefault(field) is not string value) continue;
            first ??= value;
            if (value != first) return true;
        }

        return false;
    }

    private static Dictionary<string, string> Common(IEnumerable<string> fields, Known[] all)
    {
        Dictionary<string, string> values = [];
        foreach (string field in fields)
            if (all.Select(known => known.Values?.GetValueOrDefault(field)).FirstOrDefault(value => value is not null)
                is string value) values[field] = value;
        return values;
    }

    private static RunEntry WithRecipe(Known known, string[] fields) => known.Values is null ? known.Entry
        : known.Entry with
        {
            Recipe = fields.ToDictionary(field => field,
            field => known.Values.GetValueOrDefault(field, ""))
        };

    /// <summary>Reads what has changed; the state is asked for each time.</summary>
    private Known Look(Place place)
    {
        RunDirectory run = new(place.Path);
        string stamp = string.Join('|', ((string[])[run.Config, run.Summary, run.Results, run.Metrics])
            .Select(Stamp));
        Known known = _known.TryGetValue(place.Id, out Known? was) && was.Stamp == stamp && was.Place == place ? was
            : Read(place, run, stamp, was);
        if (known.Entry.State is RunState.Corrupt) return known;
        RunState state = RunStates.Of(run, known.IsFinished);
        return state == known.Entry.State ? known : known with { Entry = known.Entry with { State = state } };
    }

    private Known Read(Place place, RunDirectory run, string stamp, Known? was)
    {
        RunEntry entry = new()
        {
            Id = place.Id,
            Name = Shown.Line(place.Id),
            State = RunState.Interrupted,
            Study = place.Study,
            Changed = LastChange(run),
        };
        try
        {
            foreach (string file in (string[])[run.Config, run.Summary, run.Results, run.Metrics])
                if (File.Exists(file) && !_walk.Owns(file))
                    throw new CheckpointException($"{Path.GetFileName(file)} is a link that leads out of the folder.");
            string config = Stamp(run.Config);
            Dictionary<string, string> values = was?.Values is not null && was.Config == config ? was.Values
                : Values(run);
            RunSummary? summary = RunRecord.ReadSummary(run);
            RunEvent? last = LogTail.LastEvent(run);
            (int epochs, double? best, double? loss) = LogTail.Results(run);
            entry = entry with
            {
                Model = values.GetValueOrDefault("model"),
                Attention = values.GetValueOrDefault("attention") is "none" ? null
                    : values.GetValueOrDefault("attention"),
                Dataset = values.GetValueOrDefault("dataset"),
                Seed = values.GetValueOrDefault("seed"),
                Epochs = EpochsOf(run, values),
                EpochsDone = summary?.Epochs ?? epochs,
                Steps = summary?.Steps ?? last?.Step,
                TrainLoss = last?.TrainLoss ?? loss,
                ValAccuracy = summary?.BestValAccuracy ?? best,
                TestAccuracy = summary?.TestAccuracy,
                Seconds = summary?.Seconds ?? last?.Seconds,
                ImagesPerSecond = summary?.ImagesPerSecond ?? last?.ImagesPerSecond,
            };
            return new(place, stamp, config, entry, values, summary is not null);
        }
        catch (Exception error) when (error is FoveaException or IOException or UnauthorizedAccessException)
        {
            return new(place, stamp, "", entry with { State = RunState.Corrupt, Problem = Shown.Line(error.Message) },
                null, IsFinished: false);
        }
    }

    private static Dictionary<string, string> Values(RunDirectory run)
    {
        IReadOnlyDictionary<string, string> all = RecipeFile.ReadValues(run.Config);
        return all.Where(pair => Names.Contains(pair.Key)).ToDictionary(pair => pair.Key, pair => Limited(pair.Value));
    }

    private static int? EpochsOf(RunDirectory run, Dictionary<string, string> values)
    {
        if (!values.TryGetValue("epochs", out string? text)) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int epochs) ? epochs
            : throw new UsageException($"{run.Config}: 'epochs' is '{text}', not a number.");
    }

    private static string Limited(string value) =>
        Shown.Line(value.Length <= LongestText ? value : value[..LongestText] + "...");

    private static DateTime? LastChange(RunDirectory run)
    {
        FileInfo log = new(run.Metrics), config = new(run.Config);
        return log.Exists ? log.LastWriteTimeUtc : config.Exists ? config.LastWriteTimeUtc : null;
    }

    private static string Stamp(string path)
    {
        FileInfo file = new(path);
        return file.Exists ? $"{file.Length}:{file.LastWriteTimeUtc.Ticks}" : "-";
    }

    private sealed record Known(Place Place, string Stamp, string Config, RunEntry Entry,
        Dictionary<string, string>? Values, bool IsFinished)
    {
        public DateTime Seen { get; set; }
    }
}

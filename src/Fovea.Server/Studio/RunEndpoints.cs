using System.Globalization;
using System.Text;
using System.Text.Json;
using Fovea.Server.Endpoints;
using Fovea.Server.Requests;
using Fovea.Server.Settings;
using Fovea.Server.Studio.Curves;
using Fovea.Server.Studio.Runs;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server.Studio;

/// <summary>Runs and studies: their list, one of them, its curves, and what happens to it.</summary>
internal sealed class RunEndpoints(RunFolders folders, StudioOptions options, CancellationToken ending)
{
    /// <summary>Path of the events, which go on as long as a page shows a run.</summary>
    public const string Events = "/v1/studio/events";

    private const int UsualPoints = 1000;
    private const int MostPoints = 20_000;
    private const int MostRuns = 40;
    private const int LogBytes = 32 << 10;
    private const int MostConfusions = 20;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(15);

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
    };

    private readonly CurveShelf _shelf = new();

    /// <summary>All runs and studies.</summary>
    public Task List(HttpContext context) => Answers.Json(context, 200, folders.List());

    /// <summary>One run: its recipe, final figures, epochs, and the ends of its log and output.</summary>
    public Task Run(HttpContext context)
    {
        Place place = folders.Find(context.Request.Query["run"]);
        RunEntry entry = folders.Entry(place);
        RunDirectory run = new(place.Path);
        RunCurves curves = _shelf.Of(place.Path);
        if (folders.Owns(run.Metrics)) curves.Read();
        return Answers.Json(context, 200, new
        {
            Run = entry,
            Recipe = entry.State == RunState.Corrupt ? null : RecipeOf(run),
            Summary = entry.State == RunState.Corrupt ? null : Summary(run),
            Epochs = curves.Epochs(),
            Checkpoints = Checkpoints(run),
            Log = Tail(run.Metrics),
            Output = Tail(Path.Combine(place.Path, "output.txt")),
            Test = Test(run),
        });
    }

    /// <summary>Curves of a run.</summary>
    public Task Series(HttpContext context)
    {
        Place place = folders.Find(context.Request.Query["run"]);
        RunCurves curves = CurvesOf(place);
        Mark mark = curves.Read();
        return Answers.Json(context, 200, new
        {
            Run = place.Id,
            mark.Generation,
            Events = mark.Steps + mark.Epochs,
            Curves = curves.Since(null, Points(context)),
        });
    }

    /// <summary>One study: its table of configurations, and curves of each with their spread over seeds.</summary>
    public Task Study(HttpContext context)
    {
        Place place = folders.Find(context.Request.Query["study"], study: true);
        RunEntry[] cells = [.. folders.Cells(place).Select(folders.Entry)];
        return Answers.Json(context, 200, new
        {
            Study = RunFolders.Study(place),
            Cells = cells,
            Results = Results(place),
            Curves = StudyCurves.Of(place, folders.Cells(place), cell => CurvesOf(cell)),
        });
    }

    /// <summary>Events of some runs, as they happen (server-sent): first everything, then what is new.</summary>
    public async Task Stream(HttpContext context)
    {
        string?[] ids = [.. context.Request.Query["run"]];
        if (ids.Length is 0 or > MostRuns)
            throw new RequestException(400, $"say which runs, 1 to {MostRuns} of them: 'run'.");
        Watched[] runs = [.. ids.Distinct().Select(id => new Watched(folders.Find(id)))];
        int points = Points(context);
        using CancellationTokenSource end =
            CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, ending);
        context.Response.ContentType = "text/event-stream";
        DateTime said = DateTime.UtcNow;
        try
        {
            while (!end.IsCancellationRequested)
            {
                StringBuilder news = new();
                foreach (Watched run in runs) Look(run, points, news);
                if (news.Length == 0 && DateTime.UtcNow - said > Beat) news.Append(": alive\n\n");
                if (news.Length > 0)
                {
                    await context.Response.WriteAsync(news.ToString(), end.Token).ConfigureAwait(false);
                    await context.Response.Body.FlushAsync(end.Token).ConfigureAwait(false);
                    said = DateTime.UtcNow;
                }

                await Task.Delay(options.LookEvery, end.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // the page is gone, or the server ends: the stream just ends
        }
    }

    private void Look(Watched run, int points, StringBuilder news)
    {
        RunEntry entry = folders.Entry(run.Place);
        if (entry != run.Said)
        {
            Say(news, "state", entry);
            run.Said = entry;
        }

        if (entry.State == RunState.Deleted || !folders.Owns(new RunDirectory(run.Place.Path).Metrics)) return;
        RunCurves curves = _shelf.Of(run.Place.Path);
        Mark mark = curves.Read();
        if (mark == run.Mark) return;
        // Another page may have read more since: the mark is then behind, and what it misses comes next time.
        bool anew = run.Mark?.GoesOnTo(mark) != true || mark.Steps - run.Mark.Steps > points;
        Say(news, "curves", new
        {
            Run = run.Place.Id,
            Anew = anew,
            Curves = curves.Since(anew ? null : run.Mark, points),
        });
        run.Mark = mark;
    }

    private static void Say<T>(StringBuilder news, string name, T value) =>
        news.Append("event: ").Append(name).Append("\ndata: ").Append(JsonSerializer.Serialize(value, Json))
            .Append("\n\n");

    private RunCurves CurvesOf(Place place)
    {
        if (!folders.Owns(new RunDirectory(place.Path).Metrics))
            throw new RequestException(403, "the log of this run is a link that leads out of the folder.");
        return _shelf.Of(place.Path);
    }

    private static int Points(HttpContext context)
    {
        string? text = context.Request.Query["points"];
        if (text is null) return UsualPoints;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int points)
            && points is >= 10 and <= MostPoints ? points
            : throw new RequestException(400, $"'points' is no number from 10 to {MostPoints}.");
    }

    private static object? RecipeOf(RunDirectory run)
    {
        try
        {
            Recipe recipe = RunRecord.ReadRecipe(run);
            IReadOnlyDictionary<string, string> asked = RunRecord.ReadAsked(run);
            return RecipeFields.All.Where(field => !field.IsShorthand).Select(field => new
            {
                field.Name,
                field.Section,
                field.Description,
                Value = Shown.Line(field.Read(recipe)),
                Asked = asked.GetValueOrDefault(field.Name) is string text ? Shown.Line(text) : null,
            });
        }
        catch (FoveaException)
        {
            return null;   // replaced or deleted this moment; the next look says so
        }
    }

    private static RunSummary? Summary(RunDirectory run)
    {
        try
        {
            return RunRecord.ReadSummary(run) is RunSummary summary ? summary with
            {
                Model = Shown.Line(summary.Model),
                Dataset = Shown.Line(summary.Dataset),
            } : null;
        }
        catch (FoveaException)
        {
            return null;
        }
    }

    private static CheckpointAnswer[] Checkpoints(RunDirectory run)
    {
        List<CheckpointAnswer> found = [];
        foreach (CheckpointFile one in CheckpointFiles.Of(run))
        {
            FileInfo file = new(one.Path);
            if (file.Exists) found.Add(new(one.Name, file.Length, file.LastWriteTimeUtc));
        }

        return [.. found];
    }

    private string Tail(string path) => folders.Owns(path) ? Shown.Lines(LogTail.Read(path, LogBytes)) : "";

    /// <summary>Test images of each class, how many of them were right, and what was most often taken for
    /// what.</summary>
    private object? Test(RunDirectory run)
    {
        if (!File.Exists(run.Predictions) || !folders.Owns(run.Predictions)) return null;
        try
        {
            TestPredictions test = TestPredictions.Read(run);
            string[] names = ClassNames(run);
            (int Label, int Predicted)[] pairs = [.. test.Labels.Zip(test.Predicted)];
            return new
            {
                Images = pairs.Length,
                Right = pairs.Count(pair => pair.Label == pair.Predicted),
                Classes = pairs.GroupBy(pair => pair.Label).OrderBy(group => group.Key).Select(group => new
                {
                    Name = Name(group.Key),
                    Images = group.Count(),
                    Right = group.Count(pair => pair.Label == pair.Predicted),
                }),
                Confusions = pairs.Where(pair => pair.Label != pair.Predicted).GroupBy(pair => pair)
                    .OrderByDescending(group => group.Count()).Take(MostConfusions).Select(group => new
                    {
                        Label = Name(group.Key.Label),
                        Predicted = Name(group.Key.Predicted),
                        Images = group.Count(),
                    }),
            };

            string Name(int label) => label < names.Length ? names[label] : $"class {label}";
        }
        catch (Exception error) when (error is FoveaException or IOException)
        {
            return null;
        }
    }

    private static string[] ClassNames(RunDirectory run)
    {
        try
        {
            if (CheckpointFiles.Of(run) is not [CheckpointFile file, ..]) return [];
            using CheckpointReader reader = CheckpointReader.Open(file.Path);
            return [.. reader.Head.Data.ClassNames.Select(Shown.Line)];
        }
        catch (Exception error) when (error is FoveaException or IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private ConfigurationAnswer[]? Results(Place place)
    {
        string path = Path.Combine(place.Path, "study.json");
        try
        {
            FileInfo file = new(path);
            if (!file.Exists || file.Length > 16 << 20 || !folders.Owns(path)) return null;
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            return document.RootElement.GetProperty("configurations").EnumerateArray().Select(one =>
                new ConfigurationAnswer(Shown.Line(one.GetProperty("name").GetString() ?? ""),
                    Spread(one, "test_accuracy"), Spread(one, "val_accuracy"), Spread(one, "seconds"),
                    one.TryGetProperty("parameters", out JsonElement count) ? count.GetInt64() : 0)).ToArray();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException
            or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;   // written by something else, or this moment
        }
    }

    private static SpreadAnswer? Spread(JsonElement one, string name) =>
        !one.TryGetProperty(name, out JsonElement spread) ? null : new(spread.GetProperty("mean").GetDouble(),
            spread.TryGetProperty("std", out JsonElement std) ? std.GetDouble() : null,
            spread.GetProperty("values").GetArrayLength());

    private sealed class Watched(Place place)
    {
        public Place Place => place;

        public RunEntry? Said { get; set; }

        public Mark? Mark { get; set; }
    }
}

/// <summary>A file of a run's weights.</summary>
internal sealed record CheckpointAnswer(string Name, long Bytes, DateTime Written);

/// <summary>A line of a study's results.</summary>
internal sealed record ConfigurationAnswer(string Name, SpreadAnswer? Test, SpreadAnswer? Validation,
    SpreadAnswer? Seconds, long Parameters);

/// <summary>A quantity over the seeds.</summary>
internal sealed record SpreadAnswer(double Mean, double? Std, int Runs);

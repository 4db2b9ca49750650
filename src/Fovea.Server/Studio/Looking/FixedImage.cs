using Fovea.Data;
using Fovea.Data.Codecs.Decoding;
using Fovea.Lab.Explanations;
using Fovea.Server.Models;
using Fovea.Server.Requests;
using Fovea.Server.Studio.Runs;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Vision;

namespace Fovea.Server.Studio.Looking;

/// <summary>One image, and what each checkpoint of a run made of it. Checkpoints that training has replaced since they
/// were looked at stay in the list.</summary>
internal sealed class FixedImage
{
    private const int MostEntries = 100;
    private const int MostAtOnce = 4;

    private readonly RunDirectory _run;
    private readonly Place _place;
    private readonly List<FixedImageEntry> _entries = [];
    private readonly HashSet<FileStamp> _seen = [];
    private readonly Upload? _file;
    private readonly Task<(RawImage? Image, string Name)> _drawn;

    /// <param name="place">The run.</param>
    /// <param name="file">The image; null: the first one that the run validates with.</param>
    public FixedImage(Place place, Upload? file)
    {
        (_place, _run, _file) = (place, new(place.Path), file);
        _drawn = file is null ? Task.Run(First) : Task.FromResult<(RawImage?, string)>((null, Shown.Line(file.Name)));
    }

    /// <summary>Shows how far it is; looks at some new checkpoints first.</summary>
    public async Task<FixedImageAnswer> Look(ModelCache models, DecodeLimits limits, CancellationToken gone)
    {
        if (!_drawn.IsCompleted) return new("", true, null, []);
        (RawImage? image, string name) = await _drawn.ConfigureAwait(false);
        if (image is null && _file is null) return new("", false, name, []);
        int left = 0;
        foreach (CheckpointFile file in CheckpointFiles.Of(_run).Reverse())
        {
            if (FileStamp.Of(file.Path) is not FileStamp stamp || IsKnown(stamp)) continue;
            if (++left > MostAtOnce) break;
            FixedImageEntry entry = await models.Use(_place, file.Name, model => Entry(model, image, limits), gone)
                .ConfigureAwait(false);
            Add(stamp, entry);
        }

        lock (_entries)
            return new(name, left > MostAtOnce, null, [.. _entries.OrderBy(entry => entry.Step)]);
    }

    private bool IsKnown(FileStamp stamp)
    {
        lock (_entries) return _seen.Contains(stamp);
    }

    private void Add(FileStamp stamp, FixedImageEntry entry)
    {
        lock (_entries)
        {
            _seen.Add(stamp);
            _entries.RemoveAll(other => other.Step == entry.Step);   // the best one may be the last one, too
            _entries.Add(entry);
            if (_entries.Count > MostEntries) _entries.RemoveAt(0);
        }
    }

    private FixedImageEntry Entry(LoadedModel model, RawImage? image, DecodeLimits limits)
    {
        float[] numbers = image is null ? model.Prepare(_file!, limits) : model.Prepare(image);
        OverlayKind kind = model.Trained.Model is IAttentionModel ? OverlayKind.Rollout : OverlayKind.Relevance;
        ExplainedOverlay overlay = Explainer.Overlay(model.Trained, numbers, kind);
        return new(model.File.Name, model.Trained.Head.State.Epoch, model.Trained.Head.State.Step,
            model.ClassNames[overlay.Target], overlay.Probabilities[overlay.Target],
            kind == OverlayKind.Rollout ? "attention rollout" : "Grad-CAM",
            Convert.ToBase64String(overlay.Over.ToPng()));
    }

    /// <summary>The first validation image of the run; without one, the reason why.</summary>
    private (RawImage?, string) First()
    {
        try
        {
            Recipe recipe = RunRecord.ReadRecipe(_run);
            // a cache would be made now, which is not asked for
            var splits = DatasetChoice.Load(recipe with { Data = recipe.Data with { Cache = null } });
            IImageDataset images = splits.Validation.Count > 0 ? splits.Validation : splits.Test;
            if (images.Count == 0) return (null, "The run has no image to validate with; choose one.");
            RawImage image = new();
            int label = images.Read(0, image);
            return (image, $"first validation image of {Shown.Line(images.Info.Name)}, "
                + $"'{Shown.Line(images.Info.NameOf(label))}'");
        }
        catch (Exception error) when (error is FoveaException or IOException or UnauthorizedAccessException)
        {
            return (null, $"The run's images cannot be read here ({Shown.Line(error.Message)}); choose one.");
        }
    }
}

/// <summary>Results of the checkpoints of a run that made of an image.</summary>
/// <param name="Image">Which image.</param>
/// <param name="Waiting">There is more to come: ask again.</param>
/// <param name="Problem">Why there is no image.</param>
/// <param name="Entries">By step.</param>
internal sealed record FixedImageAnswer(string Image, bool Waiting, string? Problem,
    IReadOnlyList<FixedImageEntry> Entries);

/// <summary>Result that one checkpoint made of an image.</summary>
/// <param name="Checkpoint">Its name.</param>
/// <param name="Epoch">Its epoch.</param>
/// <param name="Step">Its step.</param>
/// <param name="Class">The class that it says.</param>
/// <param name="Probability">Probability of that class.</param>
/// <param name="Kind">Kind of the map.</param>
/// <param name="Png">The map over the image, in base64.</param>
internal sealed record FixedImageEntry(string Checkpoint, int Epoch, long Step, string Class, double Probability,
    string Kind, string Png);

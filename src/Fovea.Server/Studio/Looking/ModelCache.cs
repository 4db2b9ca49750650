using Fovea.Data;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Loading;
using Fovea.Server.Models;
using Fovea.Server.Requests;
using Fovea.Server.Studio.Runs;
using Fovea.Training.Models;
using Fovea.Training.Runs;

namespace Fovea.Server.Studio.Looking;

/// <summary>Models of checkpoints that somebody looks into, loaded when they are asked for. One computes at a time.
/// </summary>
internal sealed class ModelCache(RunFolders folders, Func<string, TrainedModel> load) : IDisposable
{
    private const int Most = 3;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<LoadedModel> _recent = [];

    /// <summary>Works with the model of a run.</summary>
    /// <param name="place">The run.</param>
    /// <param name="checkpoint">Name of its checkpoint; null: the best one, or the last one.</param>
    /// <param name="work">Has the model for itself.</param>
    /// <param name="gone">Ends the waiting.</param>
    /// <exception cref="RequestException">There is no such checkpoint.</exception>
    /// <exception cref="FoveaException">It cannot be loaded.</exception>
    public async Task<T> Use<T>(Place place, string? checkpoint, Func<LoadedModel, T> work, CancellationToken gone)
    {
        await _turn.WaitAsync(gone).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => work(Find(FileOf(place, checkpoint))), gone).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    private CheckpointFile FileOf(Place place, string? checkpoint)
    {
        IReadOnlyList<CheckpointFile> files = CheckpointFiles.Of(new RunDirectory(place.Path));
        CheckpointFile file = files.FirstOrDefault(one => checkpoint is null || one.Name == checkpoint)
            ?? throw new RequestException(409, files.Count == 0
                ? $"'{Shown.Line(place.Id)}' has no checkpoint yet, so there is no model to look into."
                : NearestName.Message("checkpoint", Shown.Line(checkpoint!), [.. files.Select(one => one.Name)]));
        return folders.Owns(file.Path) ? file
            : throw new RequestException(403, $"the checkpoint '{file.Name}' is a link that leads out of the folder.");
    }

    private LoadedModel Find(CheckpointFile file)
    {
        FileStamp? stamp = FileStamp.Of(file.Path);
        LoadedModel? known = _recent.Find(one => one.Stamp == stamp);
        if (known is not null) _recent.Remove(known);
        else
        {
            _recent.RemoveAll(one => one.File.Path == file.Path);
            if (_recent.Count == Most) _recent.RemoveAt(Most - 1);
            known = new(load(file.Path), file, stamp);
        }

        _recent.Insert(0, known);
        return known;
    }
}

/// <summary>A loaded checkpoint.</summary>
internal sealed class LoadedModel(TrainedModel model, CheckpointFile file, FileStamp? stamp)
{
    private readonly ImagePreparation _preparation = model.CreatePreparation();

    public TrainedModel Trained => model;

    public CheckpointFile File => file;

    public FileStamp? Stamp => stamp;

    /// <summary>Names of the classes as they are shown.</summary>
    public IReadOnlyList<string> ClassNames { get; } = [.. model.Head.Data.ClassNames.Select(Shown.Line)];

    /// <summary>Decodes and prepares an image file as <c>predict</c> does.</summary>
    /// <exception cref="DataException">It is damaged or too large.</exception>
    public float[] Prepare(Upload image, DecodeLimits limits)
    {
        RawImage decoded = new();
        ImageFile.Fill(decoded, image.Bytes, Shown.Line(image.Name),
            new DecodeOptions { LeastSide = _preparation.LeastSide, Limits = limits });
        return Prepare(decoded);
    }

    /// <summary>Prepares a decoded image.</summary>
    public float[] Prepare(RawImage image)
    {
        float[] numbers = new float[_preparation.Length];
        _preparation.Prepare(image, numbers);
        return numbers;
    }
}

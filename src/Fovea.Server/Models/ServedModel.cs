using System.Collections.Concurrent;
using Fovea.Data;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Loading;
using Fovea.Lab.Explanations;
using Fovea.Server.Batching;
using Fovea.Server.Metering;
using Fovea.Training.Models;
using Fovea.Vision;

namespace Fovea.Server.Models;

/// <summary>A loaded checkpoint with its queue, for as long as it is the current one and requests are with
/// it.</summary>
internal sealed class ServedModel : IDisposable
{
    private readonly TrainedModel _model;
    private readonly ConcurrentBag<Preparer> _preparers = [];
    private readonly SemaphoreSlim _explaining = new(1);
    private int _users = 1;   // the slot is the first

    public ServedModel(string name, TrainedModel model, BatchLimits limits, ServerMetrics metrics)
    {
        _model = model;
        Preparer first = new(model.CreatePreparation());
        _preparers.Add(first);
        Queue = new BatchQueue(name, first.Preparation.Length, limits, Forward, metrics);
    }

    /// <summary>The checkpoint.</summary>
    public TrainedModel Trained => _model;

    /// <summary>Names of the classes.</summary>
    public IReadOnlyList<string> ClassNames => _model.Head.Data.ClassNames;

    /// <summary>Whether maps of relevance can be made: the device can differentiate.</summary>
    public bool HasRelevance => _model.Model.NamedParameters().First().Parameter.Value.Device.Backend.HasGradients;

    /// <summary>Whether it has attention to roll out, which needs no gradients.</summary>
    public bool HasRollout => _model.Model is IAttentionModel;

    /// <summary>The queue of its images.</summary>
    public BatchQueue Queue { get; }

    /// <summary>True unless it has ended; then <see cref="Leave"/> is due.</summary>
    public bool TryEnter()
    {
        for (int users = Volatile.Read(ref _users); users > 0;)
        {
            int seen = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (seen == users) return true;
            users = seen;
        }

        return false;
    }

    /// <summary>The last one to leave ends it.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0) Dispose();
    }

    /// <summary>Finishes what waits, and gives the memory of the weights back: the collector does not see how much a
    /// device has of it.</summary>
    public void Dispose()
    {
        Queue.Dispose();
        _explaining.Dispose();
        _model.Release();
    }

    /// <summary>Decodes and prepares an image as <c>predict</c> does.</summary>
    /// <param name="file">Contents of an image file.</param>
    /// <param name="name">Names it in messages.</param>
    /// <param name="limits">Limits on its cost.</param>
    /// <exception cref="DataException">It is damaged or too large.</exception>
    public float[] Prepare(ReadOnlyMemory<byte> file, string name, DecodeLimits limits)
    {
        if (!_preparers.TryTake(out Preparer? preparer)) preparer = new(_model.CreatePreparation());
        try
        {
            ImagePreparation preparation = preparer.Preparation;
            ImageFile.Fill(preparer.Image, file, name,
                new DecodeOptions { LeastSide = preparation.LeastSide, Limits = limits });
            float[] result = new float[preparation.Length];
            preparation.Prepare(preparer.Image, result);
            return result;
        }
        finally
        {
            _preparers.Add(preparer);
        }
    }

    /// <summary>Explains one image after another.</summary>
    public async Task<ExplainedOverlay> Explain(
        float[] image, OverlayKind kind, string? target, CancellationToken gone)
    {
        await _explaining.WaitAsync(gone).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => Explainer.Overlay(_model, image, kind, target), gone).ConfigureAwait(false);
        }
        finally
        {
            _explaining.Release();
        }
    }

    private float[] Forward(ModelOutput output, ReadOnlySpan<float> images, int count) =>
        output == ModelOutput.Scores ? _model.Scores(images, count) : _model.Features(images, count);

    private sealed record Preparer(ImagePreparation Preparation)
    {
        public RawImage Image { get; } = new();
    }
}

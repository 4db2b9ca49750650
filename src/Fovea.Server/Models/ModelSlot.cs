using Fovea.Server.Batching;
using Fovea.Server.Metering;

namespace Fovea.Server.Models;

/// <summary>A name, and the model that is served under it now. A new checkpoint takes the place of the old one at once,
/// which finishes what it has begun.</summary>
internal sealed class ModelSlot(NamedModel source, BatchLimits limits, ServerMetrics metrics)
{
    private ServedModel? _current;
    private FileStamp? _stamp;
    private bool _isGone;

    /// <summary>Name and path.</summary>
    public NamedModel Source => source;

    /// <summary>Last time that a checkpoint was loaded.</summary>
    public DateTimeOffset Loaded { get; private set; }

    /// <summary>Number of the checkpoint since the start, from 1.</summary>
    public int Generation { get; private set; }

    /// <summary>The current model for the time of a request; null: none is loaded.</summary>
    public Lease? Enter()
    {
        while (Volatile.Read(ref _current) is ServedModel model)
            if (model.TryEnter()) return new Lease(model);
        return null;
    }

    /// <summary>Loads the checkpoint for the first time.</summary>
    /// <exception cref="FoveaException">It cannot be loaded.</exception>
    public void Load()
    {
        FileStamp? stamp = FileStamp.Of(source.Path);
        Put(new ServedModel(source.Name, source.Load(source.Path), limits, metrics), stamp);
    }

    /// <summary>Loads the checkpoint anew if its file is another one.</summary>
    /// <returns>A sentence about what was done; null: nothing was.</returns>
    public string? Refresh()
    {
        FileStamp? stamp = FileStamp.Of(source.Path);
        bool wasGone = _isGone;
        _isGone = stamp is null;
        if (stamp is null)
            return wasGone ? null : $"'{source.Name}' goes on with the checkpoint that it has: there is none at "
                + $"'{source.Path}' any more, or it cannot be looked at.";
        if (stamp == _stamp) return null;
        try
        {
            Put(new ServedModel(source.Name, source.Load(source.Path), limits, metrics), stamp);
            metrics.Reload(source.Name, success: true);
            return $"'{source.Name}' has a new checkpoint.";
        }
        catch (Exception error) when (error is FoveaException or IOException or UnauthorizedAccessException
            or OutOfMemoryException)
        {
            _stamp = stamp;   // the next change is the next try
            metrics.Reload(source.Name, success: false);
            return $"'{source.Name}' goes on with the checkpoint that it has: {error.Message}";
        }
    }

    /// <summary>Serves no more; requests that are with the model finish.</summary>
    public void Close() => Interlocked.Exchange(ref _current, null)?.Leave();

    private void Put(ServedModel model, FileStamp? stamp)
    {
        (_stamp, Loaded) = (stamp, DateTimeOffset.UtcNow);
        Generation++;
        Interlocked.Exchange(ref _current, model)?.Leave();
    }

    /// <summary>A model for the time of a request.</summary>
    internal sealed class Lease(ServedModel model) : IDisposable
    {
        private int _left;

        /// <summary>The model.</summary>
        public ServedModel Model => model;

        /// <inheritdoc/>
        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0) model.Leave();
        }
    }
}

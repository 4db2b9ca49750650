using Fovea.Server.Batching;
using Fovea.Server.Metering;
using Fovea.Server.Settings;

namespace Fovea.Server.Models;

/// <summary>All models of a server, by name. Their files are looked at again and again.</summary>
internal sealed class ModelShelf : IAsyncDisposable
{
    private readonly Dictionary<string, ModelSlot> _slots = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly Action<string> _say;
    private readonly TimeSpan _every;
    private Task _watch = Task.CompletedTask;

    /// <exception cref="UsageException">Two models have one name, or there is none.</exception>
    public ModelShelf(IReadOnlyList<NamedModel> sources, ServerOptions options, ServerMetrics metrics,
        Action<string> say)
    {
        (_say, _every) = (say, options.ReloadEvery);
        BatchLimits limits = new(options.MaxBatch, options.MaxWait, options.Queue);
        if (sources.Count == 0) throw new UsageException("there is no model to serve.");
        foreach (NamedModel source in sources)
            if (!_slots.TryAdd(source.Name, new ModelSlot(source, limits, metrics)))
                throw new UsageException($"two models are called '{source.Name}': '{_slots[source.Name].Source.Path}' "
                    + $"and '{source.Path}'; give one another name, as NAME=PATH.");
        Slots = [.. sources.Select(source => _slots[source.Name])];
        metrics.Observe("fovea.queue.images", "Images that are admitted and have no result yet", () =>
            [.. Slots.Select(slot => (slot.Source.Name, InHand(slot)))]);
    }

    /// <summary>The models, in the order given.</summary>
    public IReadOnlyList<ModelSlot> Slots { get; }

    /// <summary>All are loaded, and the server is not about to end.</summary>
    public bool IsReady { get; private set; }

    /// <summary>Loads all, then looks at their files from time to time.</summary>
    /// <exception cref="FoveaException">One cannot be loaded.</exception>
    public async Task Load(CancellationToken stop)
    {
        foreach (ModelSlot slot in Slots)
        {
            stop.ThrowIfCancellationRequested();
            await Task.Run(slot.Load, stop).ConfigureAwait(false);
        }

        foreach (ModelSlot slot in Slots)
        {
            using ModelSlot.Lease? lease = slot.Enter();
            if (lease is { Model.HasRelevance: false })
                _say($"'{slot.Source.Name}' {(lease.Model.HasRollout ? "is explained by 'rollout' alone"
                    : "is not explained")}: int8 has no gradients (`precision`).");
        }

        IsReady = true;
        _watch = Task.Run(Watch, CancellationToken.None);
    }

    /// <summary>The model of a name; null: there is none.</summary>
    public ModelSlot? Find(string name) => _slots.GetValueOrDefault(name);

    /// <summary>Takes no more requests.</summary>
    public void Retire() => IsReady = false;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        IsReady = false;
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watch.ConfigureAwait(false);
        foreach (ModelSlot slot in Slots) await Task.Run(slot.Close).ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task Watch()
    {
        while (!_stop.IsCancellationRequested)
        {
            await Task.Delay(_every, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (ModelSlot slot in Slots)
                if (!_stop.IsCancellationRequested && Refresh(slot) is string news) _say(news);
        }
    }

    /// <summary>Whatever a file does to its reader, the others are looked at all the same.</summary>
    private static string? Refresh(ModelSlot slot)
    {
        try
        {
            return slot.Refresh();
        }
        catch (Exception error)   // a defect: said, and the server goes on with what it has
        {
            return $"'{slot.Source.Name}' could not be looked at: {error.GetType().Name}: {error.Message}";
        }
    }

    private static long InHand(ModelSlot slot)
    {
        using ModelSlot.Lease? lease = slot.Enter();
        return lease?.Model.Queue.InHand ?? 0;
    }
}

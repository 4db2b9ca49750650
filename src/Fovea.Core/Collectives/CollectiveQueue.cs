using System.Collections.Concurrent;
using Fovea.Core.Timelines;

namespace Fovea.Core.Collectives;

/// <summary>The thread on which a rank communicates while it computes: calls in the order in which they are
/// posted.</summary>
/// <param name="Ranks">Who communicates; one alone has no thread, and works within the call.</param>
/// <param name="Timeline">Gets what is done when; null: nobody asks.</param>
public sealed record CollectiveQueue(ICollective Ranks, Timeline? Timeline) : IDisposable
{
    private BlockingCollection<(string Name, Action Work, TaskCompletionSource Done)>? _calls;
    private Thread? _thread;

    /// <summary>Does something after all that was posted before; its failure shows when it is waited for.</summary>
    public Task Post(string name, Action work)
    {
        if (Ranks.Size == 1)
        {
            work();
            return Task.CompletedTask;
        }

        if (_thread is null)
        {
            _calls = [];
            _thread = new Thread(Work) { IsBackground = true, Name = "communication" };
            _thread.Start();
        }

        TaskCompletionSource done = new();
        _calls!.Add((name, work, done));
        return done.Task;
    }

    /// <summary>Does something after all that was posted before, and waits for it.</summary>
    public void Call(string name, Action work) => Post(name, work).GetAwaiter().GetResult();

    /// <inheritdoc/>
    public void Dispose()
    {
        _calls?.CompleteAdding();
        _thread?.Join(TimeSpan.FromSeconds(1));   // it may wait for a rank that is gone
    }

    private void Work()
    {
        foreach ((string name, Action work, TaskCompletionSource done) in _calls!.GetConsumingEnumerable())
        {
            try
            {
                using (Timeline.Measure("communication", name)) work();
                done.SetResult();
            }
            catch (Exception error)   // whatever it is, it belongs to whoever waits
            {
                done.SetException(error);
            }
        }
    }
}

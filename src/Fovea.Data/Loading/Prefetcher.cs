using System.Runtime.ExceptionServices;

namespace Fovea.Data.Loading;

/// <summary>
/// Threads that fill batches ahead of one consumer, who gets them in order. Batch <c>n</c> lies in slot <c>n mod
/// slots</c> of a ring, and is begun only when the consumer has let go of batch <c>n - slots</c>.
/// </summary>
internal sealed class Prefetcher : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly object _gate = new();      // guards everything below
    private readonly Batch[] _ring;
    private readonly int[] _filled;             // number of the finished batch in each slot, or -1
    private readonly Exception?[] _failures;    // what went wrong with it
    private readonly int _end;
    private readonly Thread[] _threads;
    private int _begun, _wanted;                // next batch to fill; the consumer has let go of all before _wanted

    /// <summary>Starts the threads.</summary>
    /// <param name="ring">The slots: one in use, the others ahead.</param>
    /// <param name="start">Number of the first batch.</param>
    /// <param name="end">Number after the last batch.</param>
    /// <param name="workers">Threads.</param>
    /// <param name="createFiller">Called once for each thread: how it fills the batch whose number is set.</param>
    public Prefetcher(Batch[] ring, int start, int end, int workers,
        Func<Action<Batch, CancellationToken>> createFiller)
    {
        (_ring, _end, _begun, _wanted) = (ring, end, start, start - 1);
        _filled = new int[ring.Length];
        _filled.AsSpan().Fill(-1);
        _failures = new Exception?[ring.Length];
        _threads = new Thread[workers];
        for (int i = 0; i < workers; i++)
        {
            Action<Batch, CancellationToken> fill = createFiller();
            _threads[i] = new Thread(() => Work(fill)) { IsBackground = true, Name = $"data {i}" };
        }

        foreach (Thread thread in _threads) thread.Start();
    }

    /// <summary>Lets go of the current batch and waits for the next.</summary>
    /// <param name="stop">Ends the waiting.</param>
    /// <returns>The batch, valid until the next call; null behind the last one.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it before the batch was
    /// there.</exception>
    public Batch? Next(CancellationToken stop = default)
    {
        using CancellationTokenRegistration wake = stop.Register(() =>
        {
            lock (_gate) Monitor.PulseAll(_gate);
        });
        lock (_gate)
        {
            _wanted++;
            Monitor.PulseAll(_gate);
            if (_wanted >= _end) return null;
            int slot = _wanted % _ring.Length;
            while (_filled[slot] != _wanted)
            {
                stop.ThrowIfCancellationRequested();
                Monitor.Wait(_gate);
            }

            if (_failures[slot] is Exception failure) ExceptionDispatchInfo.Throw(failure);
            return _ring[slot];
        }
    }

    /// <summary>Ends the threads; each finishes the image that it is at.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        lock (_gate) Monitor.PulseAll(_gate);
        foreach (Thread thread in _threads) thread.Join();
        _stop.Dispose();
    }

    private void Work(Action<Batch, CancellationToken> fill)
    {
        while (TryBegin(out int number))
        {
            int slot = number % _ring.Length;
            Exception? failure = null;
            try
            {
                _ring[slot].Number = number;
                fill(_ring[slot], _stop.Token);
            }
            catch (Exception e)   // whatever it is, it belongs to the consumer, not to this thread
            {
                failure = e;
            }

            lock (_gate)
            {
                (_filled[slot], _failures[slot]) = (number, failure);
                Monitor.PulseAll(_gate);
            }
        }
    }

    private bool TryBegin(out int number)
    {
        lock (_gate)
        {
            while (!_stop.IsCancellationRequested && _begun < _end && _begun >= _wanted + _ring.Length)
                Monitor.Wait(_gate);
            number = _begun;
            if (_stop.IsCancellationRequested || _begun >= _end) return false;
            _begun++;
            return true;
        }
    }
}

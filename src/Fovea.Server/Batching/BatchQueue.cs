using System.Diagnostics;
using Fovea.Server.Metering;

namespace Fovea.Server.Batching;

/// <summary>
/// Gathers images that arrive one by one into batches, which one thread computes. An image waits until a batch is full
/// or its time is up, and never behind more images than the queue takes. Its result does not depend on what else is in
/// its batch, because that of the forward pass does not.
/// </summary>
internal sealed class BatchQueue : IDisposable
{
    private readonly object _gate = new();
    private readonly LinkedList<Item> _waiting = new();
    private readonly Thread _thread;
    private readonly string _name;
    private readonly int _size;
    private readonly BatchLimits _limits;
    private readonly ForwardPass _forward;
    private readonly ServerMetrics? _metrics;
    private float[] _batch = [];
    private int _inHand;
    private bool _ends;

    /// <param name="name">The model, for measurements.</param>
    /// <param name="size">Numbers of a prepared image.</param>
    /// <param name="limits">Sizes and times.</param>
    /// <param name="forward">Computes a batch.</param>
    /// <param name="metrics">Hears of batches and waiting; null: nobody does.</param>
    public BatchQueue(string name, int size, BatchLimits limits, ForwardPass forward, ServerMetrics? metrics = null)
    {
        (_name, _size, _limits, _forward, _metrics) = (name, size, limits, forward, metrics);
        _thread = new Thread(ComputeAll) { Name = $"batches of {name}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Images that are admitted and have no result yet.</summary>
    public int InHand
    {
        get
        {
            lock (_gate) return _inHand;
        }
    }

    /// <summary>True where not one image more is admitted.</summary>
    public bool IsFull => InHand >= _limits.Queue;

    /// <summary>Admits images before they are decoded, so that a full queue costs no work.</summary>
    /// <returns>To be disposed when their results are there; null: the queue is full.</returns>
    public Admission? TryAdmit(int images)
    {
        lock (_gate)
        {
            if (_ends || images > _limits.Queue - _inHand) return null;
            _inHand += images;
            return new Admission(this, images);
        }
    }

    /// <summary>Finishes what waits, then ends the thread.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _ends = true;
            Monitor.PulseAll(_gate);
        }

        if (Thread.CurrentThread != _thread) _thread.Join();
    }

    private Task<float[]> Add(ModelOutput output, float[] image, CancellationToken gone)
    {
        if (image.Length != _size)
            throw new ArgumentException($"BatchQueue: an image has {_size} numbers, not {image.Length}.",
                nameof(image));
        Item item = new(output, image, gone);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_ends, this);
            _waiting.AddLast(item);
            Monitor.PulseAll(_gate);
        }

        return item.Result;
    }

    private void Release(int images)
    {
        lock (_gate) _inHand -= images;
    }

    private void ComputeAll()
    {
        while (Next() is List<Item> items) Compute(items);
    }

    /// <summary>Waits for the next batch; null: there will be none.</summary>
    private List<Item>? Next()
    {
        lock (_gate)
            while (true)
            {
                DropThoseThatAreGone();
                if (_waiting.First is not { Value: Item first })
                {
                    if (_ends) return null;
                    Monitor.Wait(_gate);
                    continue;
                }

                TimeSpan left = _limits.Wait - Stopwatch.GetElapsedTime(first.Arrived);
                int alike = _waiting.Count(item => item.Output == first.Output);
                if (_ends || alike >= _limits.Batch || left <= TimeSpan.Zero) return Take(first.Output);
                Monitor.Wait(_gate, (int)Math.Ceiling(left.TotalMilliseconds));
            }
    }

    private void DropThoseThatAreGone()
    {
        for (LinkedListNode<Item>? node = _waiting.First; node is not null;)
        {
            LinkedListNode<Item>? next = node.Next;
            if (node.Value.Result.IsCompleted) _waiting.Remove(node);
            node = next;
        }
    }

    private List<Item> Take(ModelOutput output)
    {
        List<Item> items = [];
        for (LinkedListNode<Item>? node = _waiting.First; node is not null && items.Count < _limits.Batch;)
        {
            LinkedListNode<Item>? next = node.Next;
            if (node.Value.Output == output)
            {
                items.Add(node.Value);
                _waiting.Remove(node);
            }

            node = next;
        }

        return items;
    }

    private void Compute(List<Item> items)
    {
        try
        {
            if (_batch.Length < items.Count * _size) _batch = new float[items.Count * _size];
            for (int i = 0; i < items.Count; i++)
            {
                items[i].Image.CopyTo(_batch.AsSpan(i * _size));
                _metrics?.Waited(_name, Stopwatch.GetElapsedTime(items[i].Arrived));
            }

            long start = Stopwatch.GetTimestamp();
            float[] results = _forward(items[0].Output, _batch.AsSpan(0, items.Count * _size), items.Count);
            _metrics?.Batch(_name, items[0].Output == ModelOutput.Scores ? "scores" : "features", items.Count,
                Stopwatch.GetElapsedTime(start));
            int width = results.Length / items.Count;
            for (int i = 0; i < items.Count; i++) items[i].Complete(results.AsSpan(i * width, width).ToArray());
        }
        catch (Exception error)   // whatever it is, those who wait hear of it, and the thread lives on
        {
            foreach (Item item in items) item.Fail(error);
        }
    }

    /// <summary>Places in the queue.</summary>
    internal sealed class Admission(BatchQueue queue, int images) : IDisposable
    {
        private int _images = images;

        /// <summary>Computes an image together with others.</summary>
        /// <param name="output">Kind of result.</param>
        /// <param name="image">Prepared; not changed before the result is there.</param>
        /// <param name="gone">Cancelled when nobody waits for the result any more.</param>
        /// <exception cref="OperationCanceledException"><paramref name="gone"/> was cancelled.</exception>
        public Task<float[]> Run(ModelOutput output, float[] image, CancellationToken gone) =>
            queue.Add(output, image, gone);

        /// <inheritdoc/>
        public void Dispose() => queue.Release(Interlocked.Exchange(ref _images, 0));
    }

    private sealed class Item
    {
        private readonly TaskCompletionSource<float[]> _result = new(
            TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly CancellationTokenRegistration _registration;

        public Item(ModelOutput output, float[] image, CancellationToken gone)
        {
            (Output, Image) = (output, image);
            _registration = gone.UnsafeRegister(
                (state, token) => ((TaskCompletionSource<float[]>)state!).TrySetCanceled(token), _result);
        }

        public ModelOutput Output { get; }

        public float[] Image { get; }

        public long Arrived { get; } = Stopwatch.GetTimestamp();

        public Task<float[]> Result => _result.Task;

        public void Complete(float[] result)
        {
            _registration.Unregister();
            _result.TrySetResult(result);
        }

        public void Fail(Exception error)
        {
            _registration.Unregister();
            _result.TrySetException(error);
        }
    }
}

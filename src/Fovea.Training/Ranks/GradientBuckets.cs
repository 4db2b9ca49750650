using Fovea.Core.Collectives;
using Fovea.Core.Timelines;
using Fovea.Tensors;

namespace Fovea.Training.Ranks;

/// <summary>
/// Gradients on their way: those of each shard are taken as they become final, put side by side into buckets, and a
/// bucket that has all shards of this rank is added to those of other ranks while the backward pass goes on.
/// </summary>
/// <remarks>Buckets leave in one order on all ranks, from the last parameter of the model to the first, which is about
/// the order in which a backward pass comes to them (Li et al. 2020, arXiv:2006.15704, section 3.2).</remarks>
internal sealed class GradientBuckets
{
    private const int Fewest = 16, LeastBytes = 256 << 10, MostBytes = 16 << 20;

    private readonly IReadOnlyList<Tensor> _leaves;
    private readonly BatchShards _shards;
    private readonly CollectiveQueue _queue;
    private readonly Bucket[] _buckets;
    private readonly (int Bucket, int Start)[] _places;
    private readonly bool[] _has;
    private int _sent;

    /// <param name="leaves">The parameters, in the order of the model.</param>
    /// <param name="shards">Shards and ranks.</param>
    /// <param name="queue">Communicates.</param>
    /// <param name="half">Send bfloat16.</param>
    public GradientBuckets(IReadOnlyList<Tensor> leaves, BatchShards shards, CollectiveQueue queue, bool half)
    {
        (_leaves, _shards, _queue) = (leaves, shards, queue);
        _has = new bool[leaves.Count];
        _places = new (int, int)[leaves.Count];
        long bytes = leaves.Sum(leaf => (long)leaf.Shape.Elements) * sizeof(float);
        long size = Math.Clamp(bytes / Fewest, LeastBytes, MostBytes) / sizeof(float);
        List<(int First, int Count, int Length)> cuts = [];
        for (int last = leaves.Count - 1; last >= 0;)
        {
            int first = last, length = leaves[last].Shape.Elements;
            while (first > 0 && (long)length + leaves[first - 1].Shape.Elements <= size)
                length += leaves[--first].Shape.Elements;
            int start = 0;
            for (int i = first; i <= last; i++)
            {
                _places[i] = (cuts.Count, start);
                start += leaves[i].Shape.Elements;
            }

            cuts.Add((first, last - first + 1, length));
            last = first - 1;
        }

        _buckets = [.. cuts.Select(cut => new Bucket(shards, cut.Count, cut.Length, half))];
    }

    /// <summary>Begins a step.</summary>
    public void Begin()
    {
        _sent = 0;
        _has.AsSpan().Clear();
        foreach (Bucket bucket in _buckets) bucket.Begin();
    }

    /// <summary>Takes a final gradient away from its parameter; one that is not there counts as zeros.</summary>
    /// <param name="shard">The shard's number on this rank; of each bucket, shards finish in their order.</param>
    /// <param name="leaf">The parameter's number.</param>
    public void Take(int shard, int leaf)
    {
        (int number, int start) = _places[leaf];
        Tensor parameter = _leaves[leaf];
        Span<float> place = _buckets[number].Of(shard).AsSpan(start, parameter.Shape.Elements);
        if (parameter.Gradient is { } gradient)
        {
            gradient.CopyTo(place);
            parameter.ClearGradient();
            _has[leaf] = true;
        }
        else place.Clear();

        if (!_buckets[number].Finish(shard)) return;
        for (; _sent < _buckets.Length && _buckets[_sent].IsComplete; _sent++)
        {
            Bucket bucket = _buckets[_sent];
            bucket.Sent = _queue.Post($"bucket {_sent}", bucket.Reduce);
        }
    }

    /// <summary>Waits for the sums, and makes them the parameters' gradients; a parameter that had none in any shard
    /// has none.</summary>
    public void Finish()
    {
        for (int leaf = _leaves.Count - 1; leaf >= 0; leaf--)
        {
            (int number, int start) = _places[leaf];
            Bucket bucket = _buckets[number];
            if (bucket.Sent is not { } sent) throw new InvalidOperationException("Gradients of a shard are missing.");
            if (!sent.IsCompleted)
            {
                using TimelineSpan span = _queue.Timeline.Measure("compute", $"wait for bucket {number}");
                sent.ContinueWith(_ => { }, TaskScheduler.Default).Wait();
            }

            sent.GetAwaiter().GetResult();
            if (_has[leaf]) _leaves[leaf].SetGradient(bucket.Total.AsSpan(start, _leaves[leaf].Shape.Elements));
        }
    }

    /// <summary>Gradients that lie side by side.</summary>
    private sealed class Bucket(BatchShards shards, int count, int length, bool half)
    {
        private readonly TreeSum _sum = new(shards.Ranks, shards.Shards, length, half);
        private readonly float[]?[] _filling = new float[shards.Count][];
        private readonly int[] _missing = new int[shards.Count];
        private readonly Stack<float[]> _free = [];
        private int _finished;

        public float[] Total { get; } = new float[length];

        public Task? Sent { get; set; }

        public bool IsComplete => _finished == shards.Count;

        public void Begin()
        {
            (_finished, Sent) = (0, null);
            _missing.AsSpan().Fill(count);
        }

        /// <summary>The vector of a shard.</summary>
        public float[] Of(int shard) => _filling[shard] ??= _free.TryPop(out float[]? free) ? free : new float[length];

        /// <summary>One parameter of a shard has come.</summary>
        /// <returns>The bucket has all shards now.</returns>
        public bool Finish(int shard)
        {
            if (--_missing[shard] > 0) return false;
            if (shard != _finished) throw new InvalidOperationException("Shards finished out of their order.");
            _finished++;
            _free.Push(_sum.AddOwn(_filling[shard]!));
            _filling[shard] = null;
            return IsComplete;
        }

        public void Reduce() => _sum.Reduce(Total);
    }
}

using System.Numerics;
using System.Runtime.InteropServices;

namespace Fovea.Core.Collectives;

/// <summary>
/// Sums of vectors over shards, with the same bits for any number of ranks: what is added to what is settled by a
/// <see cref="ShardTree"/>, and a transport only carries values. All-reduce of a transport promises no such thing.
/// </summary>
/// <remarks>
/// Each rank hands in the values of its shards in ascending order (<see cref="Add"/>) and then
/// asks for the sum (<see cref="Reduce"/>). Between ranks, each finishes a part of the vector: of a vector of n values,
/// a rank sends and receives about 2 n (ranks - 1) / ranks of them, as the best algorithms of all-reduce do, if the
/// number of ranks is a power of two; else up to twice as much in the first half. The buffers of an instance are used
/// again.
/// </remarks>
public sealed class TreeSum
{
    private readonly ICollective _ranks;
    private readonly ShardTree _tree;
    private readonly int _length;
    private readonly List<ShardTree.Node>[] _nodes;
    private readonly Partials _own;
    private readonly Partials _all;
    private readonly float[] _sent;
    private readonly float[][] _received;
    private readonly HalfWire[]? _half;
    private readonly ushort[] _halfSent = [];
    private readonly ushort[] _halfReceived = [];
    private int _added;

    /// <param name="ranks">The ranks that add.</param>
    /// <param name="shards">Number of shards, the same on all ranks and not less than there are ranks.</param>
    /// <param name="length">Number of values of a vector, the same on all ranks.</param>
    /// <param name="half">Send values as bfloat16, with error feedback, and add them in single precision: half the
    /// bytes, and sums that are the same on all ranks but depend on the number of ranks.</param>
    /// <exception cref="UsageException">There are more ranks than shards.</exception>
    public TreeSum(ICollective ranks, int shards, int length, bool half = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        _ranks = ranks;
        _length = length;
        _tree = new ShardTree(shards, ranks.Size);
        _nodes = [.. Enumerable.Range(0, ranks.Size).Select(_tree.NodesOf)];
        _own = new Partials(_tree, length);
        int segment = SegmentOf(ranks.Rank).Length;
        _all = new Partials(_tree, segment);
        _sent = new float[ranks.Size == 1 ? 0
            : _nodes[ranks.Rank].Count * Enumerable.Range(0, ranks.Size).Max(rank => SegmentOf(rank).Length)];
        _received = [.. _nodes.Select((nodes, rank) => new float[rank == ranks.Rank ? 0 : nodes.Count * segment])];
        if (!half || ranks.Size == 1) return;
        // One for each vector that this rank sends, and one for what it finishes.
        _half = [.. _nodes[ranks.Rank].Select(_ => new HalfWire(length)), new HalfWire(segment)];
        _halfSent = new ushort[Math.Max(_sent.Length, segment)];
        _halfReceived = new ushort[Math.Max(_received.Max(values => values.Length),
            Enumerable.Range(0, ranks.Size).Max(rank => SegmentOf(rank).Length))];
    }

    /// <summary>The first shard of this rank.</summary>
    public int FirstShard => _tree.FirstOf(_ranks.Rank);

    /// <summary>Number of shards of this rank.</summary>
    public int ShardCount => _tree.CountOf(_ranks.Rank);

    /// <summary>Hands in the values of this rank's next shard; they are copied or added before it returns.</summary>
    public void Add(ReadOnlySpan<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, _length);
        if (_added == ShardCount) throw new InvalidOperationException($"This rank has {ShardCount} shards.");
        _own.Add(_tree.Leaf(FirstShard + _added), values);
        _added++;
    }

    /// <summary>As <see cref="Add"/>, without a copy: the vector belongs to the sum from now
    /// on.</summary>
    /// <returns>Another one of the same length for the caller, with any contents.</returns>
    public float[] AddOwn(float[] values)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, _length);
        if (_added == ShardCount) throw new InvalidOperationException($"This rank has {ShardCount} shards.");
        return _own.Take(_tree.Leaf(FirstShard + _added++), values);
    }

    /// <summary>The sum over all shards, on all ranks; the next <see cref="Add"/> begins
    /// anew.</summary>
    /// <param name="sum">As long as the vectors.</param>
    public void Reduce(Span<float> sum)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(sum.Length, _length);
        if (_added != ShardCount)
            throw new InvalidOperationException($"This rank has {ShardCount} shards and {_added} were handed in.");
        if (_ranks.Size == 1) _own.Sum.CopyTo(sum);
        else ReduceAmong(sum);
        _own.Clear();
        _added = 0;
    }

    private void ReduceAmong(Span<float> sum)
    {
        foreach (int other in Partners()) ExchangePartials(other);
        (int Start, int Length) segment = SegmentOf(_ranks.Rank);
        for (int rank = 0; rank < _ranks.Size; rank++)   // ascending shards
            for (int i = 0; i < _nodes[rank].Count; i++)
                _all.Add(_nodes[rank][i], rank == _ranks.Rank ? _own[i].Slice(segment.Start, segment.Length)
                    : _received[rank].AsSpan(i * segment.Length, segment.Length));
        Span<float> finished = sum.Slice(segment.Start, segment.Length);
        _all.Sum.CopyTo(finished);
        _all.Clear();
        _half?[^1].Round(finished, 0, _halfSent);   // so that all ranks read the same
        foreach (int other in Partners())
        {
            (int start, int length) = SegmentOf(other);
            if (_half is null)
            {
                _ranks.Exchange<float>(finished, other, sum.Slice(start, length), other);
                continue;
            }

            Span<ushort> received = _halfReceived.AsSpan(0, length);
            _ranks.Exchange<ushort>(_halfSent.AsSpan(0, finished.Length), other, received, other);
            HalfWire.Widen(received, sum.Slice(start, length));
        }
    }

    /// <summary>Sends another rank its part of what this one has added, and gets the like.</summary>
    private void ExchangePartials(int other)
    {
        (int start, int length) = SegmentOf(other);
        int count = _nodes[_ranks.Rank].Count;
        for (int i = 0; i < count; i++) _own[i].Slice(start, length).CopyTo(_sent.AsSpan(i * length));
        Span<float> sent = _sent.AsSpan(0, count * length);
        if (_half is null)
        {
            _ranks.Exchange<float>(sent, other, _received[other], other);
            return;
        }

        for (int i = 0; i < count; i++)
            _half[i].Round(sent.Slice(i * length, length), start, _halfSent.AsSpan(i * length, length));
        Span<ushort> received = _halfReceived.AsSpan(0, _received[other].Length);
        _ranks.Exchange<ushort>(_halfSent.AsSpan(0, sent.Length), other, received, other);
        HalfWire.Widen(received, _received[other]);
    }

    /// <summary>The other ranks, in rounds in which each rank has one partner: r and p meet in round (r + p) mod
    /// size.</summary>
    private IEnumerable<int> Partners()
    {
        for (int round = 0; round < _ranks.Size; round++)
        {
            int partner = (round - _ranks.Rank + _ranks.Size) % _ranks.Size;
            if (partner != _ranks.Rank) yield return partner;
        }
    }

    /// <summary>The part of the vector that a rank finishes.</summary>
    private (int Start, int Length) SegmentOf(int rank)
    {
        int start = (int)((long)rank * _length / _ranks.Size);
        return (start, (int)((rank + 1L) * _length / _ranks.Size) - start);
    }

    /// <summary>Nodes from left to right, each with its values; siblings are added as soon as both are there.</summary>
    private sealed class Partials(ShardTree tree, int length)
    {
        private readonly List<(ShardTree.Node Node, float[] Values)> _stack = [];
        private readonly Stack<float[]> _free = [];

        public ReadOnlySpan<float> this[int index] => _stack[index].Values;

        public ReadOnlySpan<float> Sum => _stack.Count == 1 ? _stack[0].Values
            : throw new InvalidOperationException("Shards are missing.");

        public void Add(ShardTree.Node node, ReadOnlySpan<float> values)
        {
            if (_stack.Count > 0 && ShardTree.AreSiblings(_stack[^1].Node, node))
            {
                AddTo(_stack[^1].Values, values);
                _stack[^1] = (tree.Above(_stack[^1].Node), _stack[^1].Values);
            }
            else
            {
                float[] copy = _free.TryPop(out float[]? buffer) ? buffer : new float[length];
                values.CopyTo(copy);
                _stack.Add((node, copy));
            }

            while (_stack.Count > 1 && ShardTree.AreSiblings(_stack[^2].Node, _stack[^1].Node)) Merge();
        }

        /// <summary>Adds a vector that it may keep.</summary>
        /// <returns>One that is free.</returns>
        public float[] Take(ShardTree.Node node, float[] values)
        {
            if (_stack.Count > 0 && ShardTree.AreSiblings(_stack[^1].Node, node))
            {
                Add(node, values);
                return values;
            }

            _stack.Add((node, values));
            while (_stack.Count > 1 && ShardTree.AreSiblings(_stack[^2].Node, _stack[^1].Node)) Merge();
            return _free.TryPop(out float[]? buffer) ? buffer : new float[length];
        }

        public void Clear()
        {
            foreach ((_, float[] values) in _stack) _free.Push(values);
            _stack.Clear();
        }

        private void Merge()
        {
            (ShardTree.Node left, float[] values) = _stack[^2];
            AddTo(values, _stack[^1].Values);
            _free.Push(_stack[^1].Values);
            _stack.RemoveAt(_stack.Count - 1);
            _stack[^1] = (tree.Above(left), values);
        }

        private static void AddTo(Span<float> left, ReadOnlySpan<float> right)
        {
            Span<Vector<float>> wide = MemoryMarshal.Cast<float, Vector<float>>(left);
            ReadOnlySpan<Vector<float>> others = MemoryMarshal.Cast<float, Vector<float>>(right);
            for (int i = 0; i < wide.Length; i++) wide[i] += others[i];
            for (int i = wide.Length * Vector<float>.Count; i < left.Length; i++) left[i] += right[i];
        }
    }
}

using Fovea.Core.Collectives;
using Fovea.Core.Timelines;
using Fovea.Data.Loading;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Ranks;
using Fovea.Training.Recipes;
using Fovea.Vision;

namespace Fovea.Training;

/// <summary>
/// Computes the gradients of a batch shard by shard: each shard by itself, and then their sum over a tree that depends
/// on the number of shards alone. Which rank computes a shard changes no bit.
/// </summary>
internal sealed class ShardedGradients : IDisposable
{
    private const int NumbersOfShard = 3;   // loss in two parts, and images classified correctly

    private readonly TrainingParts _parts;
    private readonly BatchGradients _whole;
    private readonly BatchShards _shards;
    private readonly CollectiveQueue _queue;
    private readonly Tensor[] _leaves;
    private readonly GradientOrder _order;
    private readonly GradientBuckets _buckets;
    private readonly float[] _numbers;
    private readonly ForwardContext[] _contexts;
    private readonly List<(Tensor Leaf, Tensor Gradient)>[] _parked;
    private ShardMeeting? _meeting;

    /// <param name="parts">Model, recipe, device and shards.</param>
    /// <param name="whole">Computes a part of a batch.</param>
    /// <param name="queue">Communicates.</param>
    public ShardedGradients(TrainingParts parts, BatchGradients whole, CollectiveQueue queue)
    {
        (_parts, _whole, _shards, _queue) = (parts, whole, parts.Shards, queue);
        HashSet<Parameter> trained =
            [.. parts.Optimizer.Groups.SelectMany(group => group.Parameters).Select(entry => entry.Parameter)];
        _leaves = [.. parts.Learner.NamedParameters().Where(entry => trained.Contains(entry.Parameter))
            .Select(entry => entry.Parameter.Value)];
        _order = new GradientOrder(_leaves);
        _buckets = new GradientBuckets(_leaves, _shards, _queue,
            parts.Recipe.Optimisation.Wire == WireKind.Bf16);
        _numbers = new float[_shards.Shards * NumbersOfShard + 2];
        _contexts = new ForwardContext[_shards.Count];
        _parked = [.. _contexts.Select(_ => new List<(Tensor, Tensor)>())];
    }

    /// <summary>A rank wanted to stop in the last step; the same on all ranks.</summary>
    public bool IsStopAsked { get; private set; }

    /// <summary>Rank 0 wanted to save in the last step; the same on all ranks.</summary>
    public bool IsSaveAsked { get; private set; }

    /// <summary>Makes the gradients of a batch's mean loss those of the parameters, which have none.</summary>
    /// <param name="batch">The images.</param>
    /// <param name="step">Steps done before; decides what dropout draws.</param>
    /// <param name="stop">This rank wants to stop.</param>
    /// <param name="save">This rank wants to save.</param>
    /// <returns>Loss and number of images classified correctly.</returns>
    public BatchResult Add(Batch batch, int step, bool stop, bool save)
    {
        if (_shards.IsWhole(batch.Count))
        {
            IsStopAsked = RankExchange.Any(_shards.Ranks, stop);
            IsSaveAsked = RankExchange.Any(_shards.Ranks, save);
            return _whole.Add(batch, step);
        }

        _buckets.Begin();
        _numbers.AsSpan().Clear();
        if (_parts.Learner.MixesImages)
        {
            _meeting ??= new ShardMeeting(_shards.Count, Exchange);
            _meeting.Run(shard => Compute(batch, step, shard), Park, Unpark);
        }
        else
            for (int shard = 0; shard < _shards.Count; shard++) Compute(batch, step, shard);

        (_numbers[^2], _numbers[^1]) = (save ? 1 : 0, stop ? 1 : 0);
        Task numbers = _queue.Post("loss", () => _shards.Ranks.AllReduce(_numbers));
        _buckets.Finish();
        numbers.GetAwaiter().GetResult();
        (IsSaveAsked, IsStopAsked) = (_numbers[^2] > 0, _numbers[^1] > 0);
        return Result();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _meeting?.Dispose();
        _queue.Dispose();
    }

    private void Compute(Batch batch, int step, int shard)
    {
        int number = _shards.First + shard;
        (int first, int count) = _shards.Images(batch.Count, number);
        int pieces = Math.Min(_parts.Recipe.Optimisation.GradientAccumulation, batch.Count / _shards.Shards);
        double mean = 0;
        int right = 0;
        for (int piece = 0; piece < pieces; piece++)
        {
            using StepScope scope = StepScope.Begin();
            using Tape tape = Tape.Record();
            int start = first + (int)((long)count * piece / pieces), end = first + (int)((piece + 1L) * count / pieces);
            BatchPart part = new(batch, start, end - start);
            _contexts[shard] = _whole.ContextOf(part, _whole.RandomOf(step), shard == 0 && piece == 0);
            _parts.Learner.Context = _contexts[shard];
            Tensor loss;
            using (_queue.Timeline.Measure("compute", $"forward, shard {number}"))
            {
                (loss, HeadScores? scores) = _whole.Forward(part, step);
                using IDisposable pause = Tape.Pause();
                mean += (double)part.Share * loss.Item();
                if (scores is { } heads)
                    right += Classification.CountCorrect(heads.Mean().ToArray(), part.Classes.Span,
                        _parts.Data.Info.LabelSets);
            }

            using (_queue.Timeline.Measure("compute", $"backward, shard {number}"))
            {
                Tensor share = Tensor.Full(loss.Shape, part.Share, _parts.Device);
                if (piece < pieces - 1) tape.Backward(loss, share);
                else tape.Backward(loss, share, _order, leaf => _buckets.Take(shard, leaf));
            }
        }

        Span<float> numbers = _numbers.AsSpan(number * NumbersOfShard, NumbersOfShard);
        numbers[0] = (float)mean;
        numbers[1] = float.IsFinite(numbers[0]) ? (float)(mean - numbers[0]) : 0;
        numbers[2] = right;
    }

    /// <summary>The sum over shards in their order; the first loss that is not finite is returned alone.</summary>
    private BatchResult Result()
    {
        double mean = 0;
        int right = 0;
        for (int i = 0; i < _shards.Shards; i++)
        {
            ReadOnlySpan<float> numbers = _numbers.AsSpan(i * NumbersOfShard, NumbersOfShard);
            double loss = (double)numbers[0] + numbers[1];
            if (!double.IsFinite(loss)) return new(loss, right);
            mean += loss;
            right += (int)numbers[2];
        }

        return new(mean, right);
    }

    /// <summary>Values of all shards: each rank adds its own to zeros, which changes no bit in any order.</summary>
    private float[][] Exchange(float[][] own)
    {
        if (_shards.Ranks.Size == 1) return own;
        int length = own[0].Length;
        float[] all = new float[_shards.Shards * length];
        for (int i = 0; i < own.Length; i++) own[i].CopyTo(all, (_shards.First + i) * length);
        _queue.Call("batch norm", () => _shards.Ranks.AllReduce(all));
        return [.. all.Chunk(length)];
    }

    /// <summary>Takes away what a shard has of gradients that are not final, before another shard adds to
    /// them.</summary>
    private void Park(int shard)
    {
        foreach (Tensor leaf in _leaves)
            if (leaf.DetachGradient() is { } gradient) _parked[shard].Add((leaf, gradient));
    }

    private void Unpark(int shard)
    {
        foreach ((Tensor leaf, Tensor gradient) in _parked[shard]) leaf.AttachGradient(gradient);
        _parked[shard].Clear();
        _parts.Learner.Context = _contexts[shard];
    }
}

using Fovea.Core.Collectives;
using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Training.Ranks;

/// <summary>
/// The optimiser's state divided among ranks, parameter by parameter (ZeRO stage 1): each rank updates its own ones and
/// sends them to the others.
/// </summary>
internal sealed class StateShards
{
    private readonly ICollective _ranks;
    private readonly Optimizer _optimizer;
    private readonly List<(string Name, Parameter Parameter)>[] _owned;
    private readonly Dictionary<string, int> _owners = [];
    private readonly int _piece;
    private float[] _buffer = [];

    /// <summary>Divides the state; that of other ranks' parameters is given up.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="optimizer">Has the state.</param>
    /// <param name="piece">Numbers that are sent at a time.</param>
    public StateShards(ICollective ranks, Optimizer optimizer, int piece = RankExchange.Piece / sizeof(float))
    {
        (_ranks, _optimizer, _piece) = (ranks, optimizer, piece);
        _owned = [.. Enumerable.Range(0, ranks.Size).Select(_ => new List<(string, Parameter)>())];
        long[] loads = new long[ranks.Size];
        foreach ((string name, Parameter parameter) in optimizer.Groups.SelectMany(group => group.Parameters)
            .OrderByDescending(entry => entry.Parameter.Shape.Elements).ThenBy(entry => entry.Name,
                StringComparer.Ordinal))
        {
            int owner = Array.IndexOf(loads, loads.Min());
            loads[owner] += parameter.Shape.Elements;
            _owned[owner].Add((name, parameter));
            _owners[name] = owner;
        }

        optimizer.KeepOnly(name => _owners[name] == ranks.Rank);
    }

    /// <summary>Sends the parameters that this rank has updated, and takes those of the others.</summary>
    public void Exchange()
    {
        for (int rank = 0; rank < _ranks.Size; rank++)
            for (int first = 0, end; first < _owned[rank].Count; first = end)
            {
                end = EndOfPart(_owned[rank], first);
                Exchange(_owned[rank][first..end], rank);
            }
    }

    /// <summary>Brings the state of all ranks to rank 0 while work there is done with it.</summary>
    public void WithAll(Action work)
    {
        foreach ((string parameter, Func<IReadOnlyList<Tensor>> state) in _optimizer.StatesByParameter())
        {
            int owner = _owners[parameter];
            if (owner == 0 || (_ranks.Rank != owner && _ranks.Rank != 0)) continue;
            foreach (Tensor tensor in state())
            {
                Span<float> values = Buffer(tensor.Shape.Elements);
                if (_ranks.Rank == owner) tensor.CopyTo(values);
                for (Span<float> rest = values; rest.Length > 0; rest = rest[Math.Min(_piece, rest.Length)..])
                {
                    Span<float> part = rest[..Math.Min(_piece, rest.Length)];
                    if (_ranks.Rank == owner) _ranks.Send<float>(part, 0);
                    else _ranks.Receive<float>(part, owner);
                }

                if (_ranks.Rank == 0) tensor.CopyFrom(values);
            }
        }

        work();
        _optimizer.ForgetElsewhere();
    }

    /// <summary>The number after the last of some parameters that go together: as many as are sent at a time, one at
    /// least.</summary>
    private int EndOfPart(List<(string Name, Parameter Parameter)> owned, int first)
    {
        long elements = 0;
        int end = first;
        while (end < owned.Count && (elements += owned[end].Parameter.Shape.Elements) <= _piece) end++;
        return Math.Max(end, first + 1);
    }

    private void Exchange(List<(string Name, Parameter Parameter)> part, int owner)
    {
        Span<float> values = Buffer(part.Sum(entry => entry.Parameter.Shape.Elements));
        int start = 0;
        if (_ranks.Rank == owner)
            foreach ((_, Parameter parameter) in part) parameter.Value.CopyTo(Next(values, parameter, ref start));
        for (Span<float> rest = values; rest.Length > 0; rest = rest[Math.Min(_piece, rest.Length)..])
            _ranks.Broadcast(rest[..Math.Min(_piece, rest.Length)], owner);
        if (_ranks.Rank != owner)
            foreach ((_, Parameter parameter) in part) parameter.Value.CopyFrom(Next(values, parameter, ref start));
    }

    private static Span<float> Next(Span<float> values, Parameter parameter, ref int start) =>
        values.Slice((start += parameter.Shape.Elements) - parameter.Shape.Elements, parameter.Shape.Elements);

    /// <summary>Numbers on their way: one buffer, as large as was ever needed.</summary>
    private Span<float> Buffer(int length)
    {
        if (_buffer.Length < length) _buffer = new float[length];
        return _buffer.AsSpan(0, length);
    }
}

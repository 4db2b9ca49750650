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

    /// <summary>Divides the state; that of other ranks' parameters is given up.</summary>
    public StateShards(ICollective ranks, Optimizer optimizer)
    {
        (_ranks, _optimizer) = (ranks, optimizer);
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
        {
            List<(string Name, Parameter Parameter)> owned = _owned[rank];
            float[] values = new float[owned.Sum(entry => entry.Parameter.Shape.Elements)];
            int start = 0;
            Span<float> Next(Parameter parameter) => values.AsSpan((start += parameter.Shape.Elements)
                - parameter.Shape.Elements, parameter.Shape.Elements);
            if (rank == _ranks.Rank)
                foreach ((_, Parameter parameter) in owned) parameter.Value.CopyTo(Next(parameter));
            _ranks.Broadcast<float>(values, rank);
            if (rank != _ranks.Rank)
                foreach ((_, Parameter parameter) in owned) parameter.Value.CopyFrom(Next(parameter));
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
                float[] values = new float[tensor.Shape.Elements];
                if (_ranks.Rank == owner)
                {
                    tensor.CopyTo(values);
                    _ranks.Send<float>(values, 0);
                    continue;
                }

                _ranks.Receive<float>(values, owner);
                tensor.CopyFrom(values);
            }
        }

        work();
        _optimizer.ForgetElsewhere();
    }
}

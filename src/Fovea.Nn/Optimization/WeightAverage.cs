using Fovea.Tensors;

namespace Fovea.Nn.Optimization;

/// <summary>
/// An exponential moving average of a model's weights and buffers: average ← d · average + (1 − d) · weights.
/// Evaluating with it is often better than with the last weights (Polyak and Juditsky 1992).
/// </summary>
public sealed class WeightAverage
{
    private readonly double _decay;
    private readonly AverageWarmUp _warmUp;
    private readonly List<(string Name, NamedTensor Tensor)> _entries;
    private readonly Tensor[] _averages;
    private bool _swapped;

    /// <param name="model">An initialised model; the average starts at its weights.</param>
    /// <param name="decay">d, at least 0 and below 1, e.g. 0.9999.</param>
    /// <param name="warmUp">Smaller decays at first.</param>
    /// <exception cref="UsageException">The decay is out of range.</exception>
    public WeightAverage(Module model, double decay, AverageWarmUp warmUp = AverageWarmUp.None)
    {
        Check.That(decay is >= 0 and < 1, $"WeightAverage: decay must be at least 0 and below 1, got {decay}.");
        _decay = decay;
        _warmUp = warmUp;
        _entries = [.. model.NamedState()];
        _averages = [.. _entries.Select(entry => Copy(entry.Tensor.Value))];
    }

    /// <summary>Updates so far; part of a checkpoint.</summary>
    public int Updates { get; set; }

    /// <summary>Takes the model's present weights into the average. Call it after each step of the optimiser.</summary>
    /// <exception cref="InvalidOperationException">The average is swapped in.</exception>
    public void Update()
    {
        if (_swapped)
            throw new InvalidOperationException(
                "WeightAverage: the average is swapped in; dispose of the swap before the next update.");
        double decay = Math.Min(_decay, _warmUp switch
        {
            AverageWarmUp.Steps => (1.0 + Updates) / (10 + Updates),
            AverageWarmUp.Power => 1 - Math.Pow(1.0 + Updates, -2.0 / 3),
            _ => 1,
        });
        List<(Tensor, Tensor)> averaged = [];
        for (int i = 0; i < _averages.Length; i++)
        {
            NamedTensor tensor = _entries[i].Tensor;
            // a mean of two draws is neither
            if (tensor is ModuleBuffer { Drawn: true }) Tensors.Update.Copy(tensor.Value, _averages[i]);
            else averaged.Add((tensor.Value, _averages[i]));
        }

        Tensors.Update.Lerp(averaged, (float)(1 - decay));

        Updates++;
    }

    /// <summary>Puts the average into the model until disposed: <c>using (average.SwapIn())
    /// Evaluate(model);</c></summary>
    /// <exception cref="InvalidOperationException">It is swapped in already.</exception>
    public IDisposable SwapIn()
    {
        if (_swapped) throw new InvalidOperationException("WeightAverage: the average is swapped in already.");
        Exchange();
        return new Swap(this);
    }

    /// <summary>The averages under the model's names, for checkpoints; copy into them to restore.</summary>
    public IEnumerable<(string Name, Tensor Value)> State() =>
        _entries.Select((entry, i) => (entry.Name, _swapped ? entry.Tensor.Value : _averages[i]));

    private void Exchange()
    {
        for (int i = 0; i < _averages.Length; i++)
            (_averages[i], _entries[i].Tensor.Value) = (_entries[i].Tensor.Value, _averages[i]);
        _swapped = !_swapped;
    }

    private static Tensor Copy(Tensor source)
    {
        Tensor copy = Tensor.Empty(source.Shape, source.Device, origin: nameof(WeightAverage)).Keep();
        Tensors.Update.Copy(source, copy);
        return copy;
    }

    private sealed class Swap(WeightAverage average) : IDisposable
    {
        public void Dispose()
        {
            if (average._swapped) average.Exchange();
        }
    }
}

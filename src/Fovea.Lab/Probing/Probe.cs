
using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Tensors;

namespace Fovea.Lab.Probing;

/// <summary>Measures frozen features on a dataset: nearest neighbours and a linear classifier.</summary>
public static class Probe
{
    /// <summary>Extracts the features of all parts once, then probes them.</summary>
    /// <param name="model">Makes the features.</param>
    /// <param name="data">The dataset; where it has no validation images, a tenth of the training images is held out to
    /// choose by.</param>
    /// <param name="options">Settings of the probes.</param>
    /// <param name="device">Device that computes.</param>
    /// <param name="stop">Ends the work soon.</param>
    /// <exception cref="DataException">There are too few images.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static ProbeResult Run(FrozenModel model, DatasetSplits data, ProbeOptions options, Device device,
        CancellationToken stop = default)
    {
        if (data.Info.IsMultiLabel)
            throw new UsageException("a probe takes images of one class each, and these have several (`labels`).");
        data = data.HoldOutValidation(0.1, options.Seed);
        foreach ((string part, IImageDataset images) in ((string, IImageDataset)[])[("train", data.Train),
            ("val", data.Validation), ("test", data.Test)])
            if (images.Count == 0) throw new DataException(
                $"dataset '{data.Info.Name}': there are no images in its part '{part}', a probe needs some in each.");
        FeatureSet train = model.Extract(data.Train, options.BatchSize, stop);
        FeatureSet heldOut = model.Extract(data.Validation, options.BatchSize, stop);
        FeatureSet test = model.Extract(data.Test, options.BatchSize, stop);
        IReadOnlyList<double> neighbours = NearestNeighbours.Accuracies(train, test, options.Neighbours,
            options.Temperature, device, stop);
        return new ProbeResult
        {
            Model = model.Recipe.Model.Name,
            Checkpoint = model.Path,
            Dataset = data.Info.Name,
            Features = train.Dim,
            Images = new(train.Count, heldOut.Count, test.Count),
            Neighbours = [.. options.Neighbours.Zip(neighbours, (k, accuracy) => new NeighbourResult(k, accuracy))],
            Linear = LinearProbe.Run(train, heldOut, test, options.Epochs, options.Seed, device, stop),
        };
    }
}

using System.Diagnostics.Metrics;

namespace Fovea.Server.Metering;

/// <summary>The measurements of one server, as instruments of <see cref="System.Diagnostics.Metrics"/>.</summary>
internal sealed class ServerMetrics : IDisposable
{
    private static readonly double[] Seconds =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private static readonly double[] Sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    private readonly Counter<long> _requests, _refused, _images, _reloads;
    private readonly Histogram<double> _requestTime, _waitTime, _computeTime, _batchSize;

    public ServerMetrics()
    {
        _requests = Meter.CreateCounter<long>("fovea.requests", null, "Requests, by endpoint and status");
        _refused = Meter.CreateCounter<long>("fovea.refused", null, "Requests refused because a queue was full");
        _images = Meter.CreateCounter<long>("fovea.images", null, "Images computed, by model and output");
        _reloads = Meter.CreateCounter<long>("fovea.reloads", null, "Checkpoints loaded anew, by model and success");
        _requestTime = Create("fovea.request.seconds", "Time from a request's headers to its answer", Seconds);
        _waitTime = Create("fovea.wait.seconds", "Time that a prepared image waited for its batch", Seconds);
        _computeTime = Create("fovea.compute.seconds", "Time of a forward pass", Seconds);
        _batchSize = Create("fovea.batch.images", "Images of a forward pass", Sizes);
    }

    /// <summary>The instruments' meter.</summary>
    public Meter Meter { get; } = new("Fovea.Server");

    /// <summary>A request has been answered.</summary>
    public void Request(string endpoint, int status, TimeSpan time)
    {
        _requests.Add(1, new("endpoint", endpoint), new("status", status));
        _requestTime.Record(time.TotalSeconds, new KeyValuePair<string, object?>("endpoint", endpoint));
    }

    /// <summary>A request has been refused because the model's queue was full.</summary>
    public void Refused(string model) => _refused.Add(1, new KeyValuePair<string, object?>("model", model));

    /// <summary>A forward pass has ended.</summary>
    public void Batch(string model, string output, int images, TimeSpan time)
    {
        KeyValuePair<string, object?> name = new("model", model);
        _images.Add(images, name, new("output", output));
        _batchSize.Record(images, name);
        _computeTime.Record(time.TotalSeconds, name);
    }

    /// <summary>An image has waited.</summary>
    public void Waited(string model, TimeSpan time) =>
        _waitTime.Record(time.TotalSeconds, new KeyValuePair<string, object?>("model", model));

    /// <summary>A checkpoint has been loaded anew, or could not be.</summary>
    public void Reload(string model, bool success) =>
        _reloads.Add(1, new("model", model), new("success", success ? "true" : "false"));

    /// <summary>Adds a number that is asked for when somebody reads the measurements.</summary>
    public void Observe(string name, string description, Func<IEnumerable<(string Model, long Value)>> values) =>
        Meter.CreateObservableGauge(name, () => values().Select(one =>
            new Measurement<long>(one.Value, new KeyValuePair<string, object?>("model", one.Model))), null,
                description);

    /// <inheritdoc cref="Observe(string, string, Func{IEnumerable{ValueTuple{string, long}}})"/>
    public void Observe(string name, string description, Func<long> value) =>
        Meter.CreateObservableGauge(name, value, null, description);

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    private Histogram<double> Create(string name, string description, double[] bounds) =>
        Meter.CreateHistogram(name, null, description, null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}

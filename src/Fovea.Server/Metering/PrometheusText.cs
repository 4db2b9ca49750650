using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Fovea.Server.Metering;

/// <summary>Sums the measurements of a meter and writes them in Prometheus' text format.</summary>
/// <remarks>Source: Prometheus, "Exposition formats", text format 0.0.4. OpenTelemetry's exporter for it has no stable
/// version.</remarks>
internal sealed class PrometheusText : IDisposable
{
    /// <summary>Media type of <see cref="Write"/>'s text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, ConcurrentDictionary<string, Series>> _all = new();

    public PrometheusText(Meter meter)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter == meter) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>All measurements up to now.</summary>
    public string Write()
    {
        foreach ((Instrument instrument, ConcurrentDictionary<string, Series> series) in _all)
            if (instrument.IsObservable) series.Clear();   // a model that is no more is not told of
        _listener.RecordObservableInstruments();
        StringBuilder text = new();
        // copies, which the dictionaries make as a whole: sorting fails where one grows meanwhile
        foreach ((Instrument instrument, ConcurrentDictionary<string, Series> series) in
            _all.ToArray().OrderBy(pair => pair.Key.Name, StringComparer.Ordinal))
        {
            string name = NameOf(instrument), kind = KindOf(instrument);
            text.Append("# HELP ").Append(name).Append(' ').Append(Escape(instrument.Description ?? "")).Append('\n');
            text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
            foreach ((string labels, Series one) in series.ToArray().OrderBy(pair => pair.Key, StringComparer.Ordinal))
                lock (one)
                {
                    if (kind == "histogram") WriteHistogram(text, name, labels, one);
                    else Line(text, name, labels, one.Sum);
                }
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private static void WriteHistogram(StringBuilder text, string name, string labels, Series series)
    {
        long below = 0;
        string comma = labels.Length > 0 ? "," : "";
        for (int i = 0; i <= series.Bounds.Count; i++)
        {
            below += series.Counts[i];
            string bound = i < series.Bounds.Count ? Number(series.Bounds[i]) : "+Inf";
            Line(text, name + "_bucket", $"{labels}{comma}le=\"{bound}\"", below);
        }

        Line(text, name + "_sum", labels, series.Sum);
        Line(text, name + "_count", labels, below);
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        StringBuilder labels = new();
        foreach ((string key, object? tag) in tags)
        {
            if (labels.Length > 0) labels.Append(',');
            string text = Convert.ToString(tag, CultureInfo.InvariantCulture) ?? "";
            labels.Append(key).Append("=\"").Append(Escape(text).Replace("\"", "\\\"")).Append('"');
        }

        Series series = _all.GetOrAdd(instrument, static _ => new()).GetOrAdd(labels.ToString(),
            static (_, of) => new((of as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? []), instrument);
        lock (series)
        {
            if (instrument.IsObservable) series.Sum = value;
            else series.Sum += value;
            int bucket = 0;
            while (bucket < series.Bounds.Count && value > series.Bounds[bucket]) bucket++;
            series.Counts[bucket]++;
        }
    }

    private static string NameOf(Instrument instrument)
    {
        string name = instrument.Name.Replace('.', '_');
        return KindOf(instrument) == "counter" ? name + "_total" : name;
    }

    private static string KindOf(Instrument instrument) => instrument switch
    {
        Histogram<double> => "histogram",
        Counter<long> => "counter",
        _ => "gauge",
    };

    private static string Escape(string text) => text.Replace("\\", "\\\\").Replace("\n", "\\n");

    private static string Number(double value) => value.ToString(CultureInfo.InvariantCulture);

    private sealed class Series(IReadOnlyList<double> bounds)
    {
        public IReadOnlyList<double> Bounds => bounds;

        public long[] Counts { get; } = new long[bounds.Count + 1];

        public double Sum { get; set; }
    }
}

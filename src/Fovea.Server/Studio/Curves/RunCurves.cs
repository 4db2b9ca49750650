using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Fovea.Server.Studio.Curves;

/// <summary>The log of a run in memory. It is read once from its start; after that, only what has been
/// appended.</summary>
internal sealed class RunCurves(string path)
{
    private const int PartSize = 1 << 20;
    private const int LongestLine = 1 << 16;
    private const int MostEvents = 1_000_000;

    private static readonly string[] Names = ["trainLoss", "trainAccuracy", "lr", "gradientNorm", "imagesPerSecond",
        "valLoss", "valAccuracy"];

    private static readonly byte[][] Members = [.. ((string[])["train_loss", "train_accuracy", "lr", "gradient_norm",
        "images_per_second", "val_loss", "val_accuracy"]).Select(Encoding.ASCII.GetBytes)];

    private readonly Lock _turn = new();
    private readonly Table _steps = new(Names.Length);
    private readonly Table _epochs = new(Names.Length);
    private byte[] _lastLine = [];
    private long _offset;

    /// <summary>Number of the log: another one when it was written anew, as a resumed run does.</summary>
    public int Generation { get; private set; } = 1;

    /// <summary>Reads what is new.</summary>
    /// <returns>Where the log stands now.</returns>
    public Mark Read()
    {
        lock (_turn)
        {
            try
            {
                if (File.Exists(path)) ReadNew();
                else if (_offset > 0) Forget();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // gone or replaced this moment: the next look finds what there is
            }

            return new(Generation, _steps.Count, _epochs.Count, _steps.Thinnings);
        }
    }

    /// <summary>All curves since a mark, thinned.</summary>
    /// <param name="since">Null: from the start.</param>
    /// <param name="points">Most points of each.</param>
    public IReadOnlyDictionary<string, Curve> Since(Mark? since, int points)
    {
        lock (_turn)
        {
            Dictionary<string, Curve> curves = [];
            for (int i = 0; i < Names.Length; i++)
            {
                bool ofEpochs = Names[i].StartsWith("val", StringComparison.Ordinal) || _steps.Count == 0;
                Table table = ofEpochs ? _epochs : _steps;
                Curve curve = Curve.Of(table.Steps, table.Seconds, table.Values[i],
                    ofEpochs ? since?.Epochs ?? 0 : since?.Steps ?? 0, points);
                if (curve.X.Count > 0) curves[Names[i]] = curve;
            }

            return curves;
        }
    }

    /// <summary>The epochs, each with its step, seconds and values by the names of the curves.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, double>> Epochs()
    {
        lock (_turn)
        {
            return [.. Enumerable.Range(0, _epochs.Count).Select(i =>
            {
                Dictionary<string, double> row = new()
                {
                    ["epoch"] = _epochs.Epochs[i],
                    ["step"] = _epochs.Steps[i],
                };
                if (!double.IsNaN(_epochs.Seconds[i])) row["seconds"] = _epochs.Seconds[i];
                for (int j = 0; j < Names.Length; j++)
                    if (!double.IsNaN(_epochs.Values[j][i])) row[Names[j]] = _epochs.Values[j][i];
                return row;
            })];
        }
    }

    private void ReadNew()
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (file.Length < _offset || !IsSame(file)) Forget();
        if (file.Length == _offset) return;
        file.Position = _offset;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(PartSize + LongestLine);
        try
        {
            int kept = 0;
            bool skips = false;   // inside a line that is too long to be one of a log
            for (int got; (got = file.Read(buffer, kept, buffer.Length - kept)) > 0;)
            {
                int end = kept + got, start = 0;
                for (int at; (at = buffer.AsSpan(start, end - start).IndexOf((byte)'\n')) >= 0; start += at + 1)
                {
                    if (!skips) Take(buffer.AsSpan(start, at));
                    skips = false;
                }

                _offset += start;
                kept = end - start;
                if (kept >= LongestLine)
                {
                    (skips, _offset, kept) = (true, _offset + kept, 0);
                    _lastLine = [];
                }
                else Buffer.BlockCopy(buffer, start, buffer, 0, kept);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>True where the line before the offset is the one that was read last.</summary>
    private bool IsSame(FileStream file)
    {
        if (_offset == 0 || _lastLine.Length == 0) return true;
        byte[] line = new byte[_lastLine.Length];
        file.Position = _offset - 1 - line.Length;
        return file.ReadAtLeast(line, line.Length, throwOnEndOfStream: false) == line.Length
            && line.AsSpan().SequenceEqual(_lastLine);
    }

    private void Forget()
    {
        Generation++;
        (_offset, _lastLine) = (0, []);
        _steps.Clear();
        _epochs.Clear();
    }

    private void Take(ReadOnlySpan<byte> line)
    {
        _lastLine = line.ToArray();
        Span<double> values = stackalloc double[Names.Length];
        values.Fill(double.NaN);
        try
        {
            if (!Parse(line, values, out Kind kind, out long step, out int epoch, out double seconds)) return;
            Table table = kind == Kind.Step ? _steps : _epochs;
            if (table.Count > 0 && step < table.Steps[^1]) return;   // no run counts backwards
            table.Add(step, epoch, seconds, values);
            if (table.Count > MostEvents) table.Thin();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            // a line that is no event
        }
    }

    private static bool Parse(ReadOnlySpan<byte> line, Span<double> values, out Kind kind, out long step,
        out int epoch, out double seconds)
    {
        (kind, step, epoch, seconds) = (Kind.Other, -1, 0, double.NaN);
        Utf8JsonReader reader = new(line);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            int member = -1;
            for (int i = 0; i < Members.Length && member < 0; i++)
                if (reader.ValueTextEquals(Members[i])) member = i;
            string? other = member >= 0 ? null : reader.ValueTextEquals("event"u8) ? "event"
                : reader.ValueTextEquals("step"u8) ? "step" : reader.ValueTextEquals("epoch"u8) ? "epoch"
                : reader.ValueTextEquals("seconds"u8) ? "seconds" : "";
            reader.Read();
            if (member >= 0) values[member] = Number(ref reader);
            else if (other == "event")
                kind = reader.ValueTextEquals("step"u8) ? Kind.Step
                    : reader.ValueTextEquals("epoch"u8) ? Kind.Epoch : Kind.Other;
            else if (other == "step") step = reader.GetInt64();
            else if (other == "epoch") epoch = reader.GetInt32();
            else if (other == "seconds") seconds = Number(ref reader);
            else reader.Skip();
        }

        return kind != Kind.Other && step >= 0;
    }

    private static double Number(ref Utf8JsonReader reader)
    {
        double value = reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : double.NaN;
        return double.IsFinite(value) ? value : double.NaN;
    }

    private enum Kind
    {
        Other,
        Step,
        Epoch,
    }

    /// <summary>Events, a list for each quantity.</summary>
    private sealed class Table(int quantities)
    {
        public List<long> Steps { get; } = [];

        public List<int> Epochs { get; } = [];

        public List<double> Seconds { get; } = [];

        public List<double>[] Values { get; } = [.. Enumerable.Range(0, quantities).Select(_ => new List<double>())];

        public int Count => Steps.Count;

        public int Thinnings { get; private set; }

        public void Add(long step, int epoch, double seconds, ReadOnlySpan<double> values)
        {
            Steps.Add(step);
            Epochs.Add(epoch);
            Seconds.Add(seconds);
            for (int i = 0; i < values.Length; i++) Values[i].Add(values[i]);
        }

        /// <summary>Every second event goes, so that memory has a bound.</summary>
        public void Thin()
        {
            Thinnings++;
            Halve(Steps);
            Halve(Epochs);
            Halve(Seconds);
            foreach (List<double> values in Values) Halve(values);
        }

        public void Clear()
        {
            Steps.Clear();
            Epochs.Clear();
            Seconds.Clear();
            foreach (List<double> values in Values) values.Clear();
        }

        private static void Halve<T>(List<T> list)
        {
            int kept = 0;
            for (int i = 0; i < list.Count; i += 2) list[kept++] = list[i];
            list.RemoveRange(kept, list.Count - kept);
        }
    }
}

/// <summary>Place in a log up to which somebody knows it.</summary>
internal sealed record Mark(int Generation, int Steps, int Epochs, int Thinnings)
{
    /// <summary>The later mark only appends to this one.</summary>
    public bool GoesOnTo(Mark later) => Generation == later.Generation && Thinnings == later.Thinnings;
}

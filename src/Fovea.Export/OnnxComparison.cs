using System.Diagnostics;
using System.Text.Json;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Data.Transforms.Pixels;
using Fovea.Export.Images;
using Fovea.Export.Native;
using Fovea.Training.Classes;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;

namespace Fovea.Export;

/// <summary>An exported file in ONNX Runtime beside the model that it was made of, image by image. The runtime's
/// library is found on this machine when one is made.</summary>
public sealed class OnnxComparison : IDisposable
{
    private const int Top = 5, MostNamed = 10;
    private const double ExactTolerance = 1e-3, Tolerance = 0.1, Different = 0.005;

    private readonly TrainedModel _model;
    private readonly OnnxSession _session;
    private readonly string _path;
    private readonly int[] _columns;
    private readonly int _channels, _size;
    private readonly bool _isHalf;

    /// <summary>Opens a file and matches its classes with the model's by name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model that it is compared with.</param>
    /// <param name="threads">Threads of the runtime; null: its own choice.</param>
    /// <exception cref="UsageException">ONNX Runtime is not on this machine, or the file has other classes than the
    /// model or prepares images in another way.</exception>
    /// <exception cref="CheckpointException">The file cannot be read, or does not say what it was made of.</exception>
    public OnnxComparison(string path, TrainedModel model, int? threads = null)
    {
        if (!File.Exists(path)) throw new UsageException($"'{path}' is no file.");
        (_path, _model) = (path, model);
        (_channels, _size) = (model.Model.Config.Channels, model.Model.Config.ImageSize);
        OnnxRuntimeLibrary library = OnnxRuntimeFiles.Load();
        Version = library.Version;
        _session = OnnxSession.Open(library, path, threads);
        try
        {
            _columns = Columns();
            RequireSameImages();
            _isHalf = _session.Metadata("weights") == "fp16";
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <summary>Version of ONNX Runtime.</summary>
    public string Version { get; }

    /// <summary>Asks both about all images.</summary>
    /// <param name="dataset">Images whose classes have the model's numbers.</param>
    /// <param name="batchSize">Images at a time.</param>
    /// <param name="tolerance">Largest difference of a score; null: 0.001, or 0.1 where weights are in half precision
    /// or the graph resizes images.</param>
    /// <param name="different">Share of images whose class may differ; null: 0, or 0.005 there.</param>
    /// <param name="stop">Ends the work after a batch.</param>
    /// <exception cref="CheckpointException">The runtime refuses the images.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public OnnxAgreement Run(IImageDataset dataset, int batchSize, double? tolerance = null, double? different = null,
        CancellationToken stop = default)
    {
        int classes = _columns.Length;
        Tally ours = new(), theirs = new();
        List<string> named = [];
        double largest = 0;
        bool resizes = false;
        int count = 0, differing = 0;
        foreach (Batch batch in _model.Batches(dataset, batchSize))
        {
            stop.ThrowIfCancellationRequested();
            float[] scores = ours.Measure(() =>
                _model.Scores(batch.Images.AsSpan(0, batch.Count * _channels * _size * _size), batch.Count));
            float[] others = Theirs(dataset, batch, theirs, ref resizes);
            for (int i = 0; i < batch.Count; i++, count++)
            {
                Span<float> mine = scores.AsSpan(i * classes, classes), other = others.AsSpan(i * classes, classes);
                for (int label = 0; label < classes; label++)
                {
                    double apart = Math.Abs((double)mine[label] - other[label]);
                    largest = double.IsNaN(apart) ? double.PositiveInfinity : Math.Max(largest, apart);
                }

                ours.Add(mine, batch.Labels[i]);
                theirs.Add(other, batch.Labels[i]);
                if (Classification.Best(mine) == Classification.Best(other)) continue;
                differing++;
                if (named.Count < MostNamed) named.Add(dataset.NameOf(batch.Indices[i]) ?? $"image {batch.Indices[i]}");
            }
        }

        bool isExact = !_isHalf && !resizes;
        double most = tolerance ?? (isExact ? ExactTolerance : Tolerance);
        double share = different ?? (isExact ? 0 : Different);
        return new OnnxAgreement(count, ours.ToAccuracy(count), theirs.ToAccuracy(count), differing, named, largest,
            most, share, largest <= most && differing <= share * count);
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    /// <summary>The runtime's scores of a batch, in the order of the model's classes.</summary>
    private float[] Theirs(IImageDataset dataset, Batch batch, Tally tally, ref bool resizes)
    {
        int classes = _columns.Length;
        float[] scores = new float[batch.Count * classes];
        try
        {
            if (_session.TakesBytes)
            {
                RawImage image = new();
                ImageScratch scratch = new();
                for (int i = 0; i < batch.Count; i++)
                {
                    dataset.Read(batch.Indices[i], image);
                    scratch.SetChannels(image, _channels);
                    resizes |= (image.Height, image.Width) != (_size, _size);
                    Put(tally.Measure(() => _session.Infer<byte>(Interleaved(image), 1, image.Height, image.Width,
                        _channels)), scores, i);
                }
            }
            else
                Put(tally.Measure(() => _session.Infer(
                    new ArraySegment<float>(batch.Images, 0, batch.Count * _channels * _size * _size), batch.Count,
                    _channels, _size, _size)), scores, 0);
        }
        catch (OnnxRuntimeException error)
        {
            throw new CheckpointException($"{_path}: ONNX Runtime {Version} cannot run it: {error.Message}.", error);
        }

        return scores;

        void Put(float[] from, float[] to, int first)
        {
            for (int row = 0; row < from.Length / classes; row++)
                for (int column = 0; column < classes; column++)
                    to[(first + row) * classes + _columns[column]] = from[row * classes + column];
        }
    }

    /// <summary>An image <c>[height, width, channel]</c>.</summary>
    private static byte[] Interleaved(RawImage image)
    {
        byte[] bytes = new byte[image.Pixels.Length];
        for (int channel = 0; channel < image.Channels; channel++)
        {
            Span<byte> plane = image.Plane(channel);
            for (int i = 0; i < plane.Length; i++) bytes[i * image.Channels + channel] = plane[i];
        }

        return bytes;
    }

    /// <summary>The model's number of each class of the file.</summary>
    private int[] Columns()
    {
        DatasetInfo known = _model.Head.Data;
        string[] names = Names();
        if (_session.OutputSizes is not [_, var width] || width != names.Length)
            throw new CheckpointException($"{_path}: names {names.Length} classes, but its output is "
                + $"[{string.Join(", ", _session.OutputSizes)}].");
        ClassMap map = ClassMap.Of(known, known with { Name = _path, ClassNames = names, ClassIds = null });
        if (map.IsSame || map.IsPermutation) return [.. map.Numbers];
        map.Require(_model.Path, remedy: "Export the run again, or name the run that the file was made of.");
        throw new UsageException(
            $"'{_path}' has {names.Length} of the {known.Classes} classes that '{_model.Path}' knows.")
        { Remedy = "Export the run again, or name the run that the file was made of." };
    }

    private string[] Names()
    {
        try
        {
            if (_session.Metadata("class_names") is string text
                && JsonText.Read<string[]>(text) is { Length: > 0 } names
                && names.All(name => name is not null)) return names;
        }
        catch (JsonException)
        {
            // said below
        }

        throw new CheckpointException($"{_path}: its metadata have no 'class_names', by which classes are matched.")
        { Remedy = "Compare a file that 'fovea export' wrote." };
    }

    /// <summary>The file has to prepare images, or ask for them, as the model does.</summary>
    private void RequireSameImages()
    {
        Dictionary<string, string> wanted = ModelExport.Describe(ImageSettings.Of(_model, _size), _channels);
        string[] apart = [.. wanted.Where(entry => _session.Metadata(entry.Key) != entry.Value)
            .Select(entry =>
                $"{entry.Key} '{_session.Metadata(entry.Key)}' in the file, '{entry.Value}' in the model")];
        if (apart.Length > 0)
            throw new UsageException($"'{_path}' and '{_model.Path}' prepare images in other ways: "
                + $"{string.Join("; ", apart)}.")
            {
                Remedy = "Give the options that it was exported with (`crop-pct`, `interpolation`, `mean`, `std`), or "
                    + "export the run again.",
            };
        long[] input = _session.TakesBytes ? [-1, -1, -1, _channels] : [-1, _channels, _size, _size];
        if (!_session.InputSizes.SequenceEqual(input))
            throw new CheckpointException($"{_path}: its input is [{string.Join(", ", _session.InputSizes)}], not "
                + $"[{string.Join(", ", input)}].");
    }

    /// <summary>Sums over images.</summary>
    private sealed class Tally
    {
        private int _top1, _top5;
        private TimeSpan _time;

        public void Add(ReadOnlySpan<float> scores, int label)
        {
            int before = 0;
            for (int other = 0; other < scores.Length; other++)
                if (scores[other] > scores[label] || (scores[other] == scores[label] && other < label)) before++;
            if (before == 0) _top1++;
            if (before < Top) _top5++;
        }

        public float[] Measure(Func<float[]> compute)
        {
            long start = Stopwatch.GetTimestamp();
            float[] result = compute();
            _time += Stopwatch.GetElapsedTime(start);
            return result;
        }

        public OnnxAccuracy ToAccuracy(int count) => new((double)_top1 / Math.Max(1, count),
            (double)_top5 / Math.Max(1, count), _time.TotalSeconds / Math.Max(1, count));
    }
}

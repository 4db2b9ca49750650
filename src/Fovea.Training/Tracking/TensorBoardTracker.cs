using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tracking.Formats.TensorBoard;
using Google.Protobuf;

namespace Fovea.Training.Tracking;

/// <summary>
/// TensorBoard: scalars, histograms, the recipe as a text and the finished run's images, in
/// <c>events.out.tfevents.*</c> of the run directory. A resumed run adds a file whose first event voids the steps that
/// happen again.
/// </summary>
internal sealed class TensorBoardTracker(string directory) : ITracker
{
    private const int Strings = 7;
    private const int Rgb = 3;
    private readonly EventFile _file = new(directory);

    public void Started(RunPlan plan)
    {
        if (plan.StepsDone > 0)
            _file.Write(new Event
            {
                Step = plan.StepsDone + 1,
                SessionLog = new SessionLog { Status = SessionLog.Types.Status.Start }
            });
        Write(plan.StepsDone, [Text("config", $"```yaml\n{RecipeFile.Print(plan.Used ?? plan.Recipe)}\n```")]);
    }

    public void Logged(RunEvent entry) =>
        Write(entry.Step, Measurements.Of(entry).Select(one =>
            new Summary.Types.Value { Tag = one.Name, SimpleValue = (float)one.Value }));

    public void Logged(long step, IReadOnlyList<(string Name, Histogram Histogram)> histograms) =>
        Write(step, histograms.Select(one =>
            new Summary.Types.Value { Tag = one.Name, Histo = Convert(one.Histogram) }));

    public void Finished(RunSummary summary, string directory)
    {
        string figures = Path.Combine(directory, "figures");
        if (!Directory.Exists(figures)) return;   // no observer draws any
        foreach (string file in Directory.GetFiles(figures, "*.png").Order(StringComparer.Ordinal))
            Write(summary.Steps, [Image(file)]);
    }

    public void Ended(int exitCode)
    {
    }

    public void Dispose() => _file.Dispose();

    private void Write(long step, IEnumerable<Summary.Types.Value> values) =>
        _file.Write(new Event { Step = step, Summary = new Summary { Value = { values } } });

    private static Summary.Types.Value Text(string tag, string text) => new()
    {
        Tag = tag,
        Metadata = new Metadata { PluginData = new Metadata.Types.PluginData { PluginName = "text" } },
        Tensor = new Tensor
        {
            Dtype = Strings,
            TensorShape = new TensorShape { Dim = { new TensorShape.Types.Dim { Size = 1 } } },
            StringVal = { ByteString.CopyFromUtf8(text) },
        },
    };

    private static Formats.TensorBoard.Histogram Convert(Histogram histogram) => new()
    {
        Min = histogram.Edges[0],
        Max = histogram.Edges[^1],
        Num = histogram.Count,
        Sum = histogram.Sum,
        SumSquares = histogram.SumOfSquares,
        BucketLimit = { histogram.Edges.Skip(1) },
        Bucket = { histogram.Counts.Select(count => (double)count) },
    };

    private static Summary.Types.Value Image(string file)
    {
        byte[] png = File.ReadAllBytes(file);
        ImageInfo size = ImageFile.Identify(png, file);
        return new()
        {
            Tag = Path.GetFileNameWithoutExtension(file),
            Image = new()
            {
                Height = size.Height,
                Width = size.Width,
                Colorspace = Rgb,
                EncodedImageString = ByteString.CopyFrom(png)
            },
        };
    }
}

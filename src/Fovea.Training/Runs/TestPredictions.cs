using System.Globalization;
using System.Text;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Data.Datasets.Csv;
using Fovea.Training.Evaluation;

namespace Fovea.Training.Runs;

/// <summary>Predictions of a run's best weights for the test images: <c>predictions.csv</c>.</summary>
/// <param name="Labels">Class of each image, in the dataset's order.</param>
/// <param name="Predicted">The class it was taken for.</param>
/// <param name="Probability">Probability of that class, 0 to 1.</param>
/// <remarks>The file also has the names of both classes, which are for people and not read back.</remarks>
public sealed record TestPredictions(IReadOnlyList<int> Labels, IReadOnlyList<int> Predicted,
    IReadOnlyList<float> Probability)
{
    private const string Columns = "index,label,predicted,probability,label_name,predicted_name";
    private const string FileColumn = "file";

    /// <summary>Number of images.</summary>
    public int Count => Labels.Count;

    /// <summary>File of each image, within the dataset; empty where they have none.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>The predictions of an evaluation.</summary>
    /// <param name="result">The evaluation.</param>
    /// <param name="images">Its images; null: their files are not named.</param>
    public static TestPredictions Of(EvaluationResult result, IImageDataset? images = null) =>
        new(result.Labels, result.Predicted, result.Probability)
        {
            Files = images is null || images.Count == 0 || images.NameOf(0) is null ? []
                : [.. Enumerable.Range(0, images.Count).Select(i => images.NameOf(i) ?? "")],
        };

    /// <summary>Writes the file.</summary>
    /// <param name="run">The run.</param>
    /// <param name="classes">Names of the classes.</param>
    /// <exception cref="CheckpointException">It could not be written.</exception>
    public void Write(RunDirectory run, IReadOnlyList<string> classes)
    {
        string[] names = [.. classes.Select(Cell)];
        StringBuilder rows = new(Columns + (Files.Count > 0 ? $",{FileColumn}\n" : "\n"));
        for (int i = 0; i < Count; i++)
        {
            rows.Append(CultureInfo.InvariantCulture, $"{i},{Labels[i]},{Predicted[i]},{Probability[i]:G6},")
                .Append(names[Labels[i]]).Append(',').Append(names[Predicted[i]]);
            if (Files.Count > 0) rows.Append(',').Append(Cell(Files[i]));
            rows.Append('\n');
        }

        AtomicFile.WriteText(run.Predictions, rows.ToString());
    }

    private static string Cell(string text) => CsvText.Cell(text.ReplaceLineEndings(" "));

    /// <summary>Reads the file.</summary>
    /// <exception cref="DataException">It is not what <see cref="Write"/> wrote; the message names file and
    /// line.</exception>
    public static TestPredictions Read(RunDirectory run)
    {
        List<int> labels = [];
        List<int> predicted = [];
        List<float> probability = [];
        List<string> files = [];
        CsvReader rows = new(new StringReader(ReadText(run.Predictions)), run.Predictions);
        int file = rows.Next()?.IndexOf(FileColumn) ?? -1;
        while (rows.Next() is { } cells)
        {
            if (cells.Count < 4 || !int.TryParse(cells[1], CultureInfo.InvariantCulture, out int label)
                || !int.TryParse(cells[2], CultureInfo.InvariantCulture, out int taken)
                || !float.TryParse(cells[3], CultureInfo.InvariantCulture, out float share)
                || label < 0 || taken < 0 || share is not (>= 0 and <= 1))
                throw new DataException(
                    $"{run.Predictions}, line {rows.Line}: not a row of {Columns}; delete the file and its run is "
                        + "evaluated again.");
            labels.Add(label);
            predicted.Add(taken);
            probability.Add(share);
            if (file >= 0 && file < cells.Count) files.Add(CsvText.Plain(cells[file]));
        }

        return new(labels, predicted, probability) { Files = files.Count == labels.Count ? files : [] };
    }

    /// <summary>True where both are of the same images, as far as they say: classes in one order, and files where both
    /// name them.</summary>
    public bool AreOfTheImagesOf(TestPredictions other) => Labels.SequenceEqual(other.Labels)
        && (Files.Count == 0 || other.Files.Count == 0 || Files.SequenceEqual(other.Files));

    private static string ReadText(string path)
    {
        if (PlainFile.Refusal(path, "predictions") is string refusal) throw new DataException(refusal);
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {error.Message}", error);
        }
    }
}

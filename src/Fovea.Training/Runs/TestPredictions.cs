using System.Globalization;
using System.Text;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Training.Evaluation;

namespace Fovea.Training.Runs;

/// <summary>Predictions of a run's best weights for the test images: <c>predictions.csv</c>.</summary>
/// <param name="Labels">Class of each image, in the dataset's order.</param>
/// <param name="Predicted">The class it was taken for.</param>
/// <param name="Probability">Probability of that class, 0 to 1.</param>
/// <remarks>The file also has the names of both classes and of the images' files, which are for people and not read
/// back.</remarks>
public sealed record TestPredictions(IReadOnlyList<int> Labels, IReadOnlyList<int> Predicted,
    IReadOnlyList<float> Probability)
{
    private const string Columns = "index,label,predicted,probability,label_name,predicted_name";
    private const string FileColumn = "file";

    /// <summary>Number of images.</summary>
    public int Count => Labels.Count;

    /// <summary>The predictions of an evaluation.</summary>
    public static TestPredictions Of(EvaluationResult result) =>
        new(result.Labels, result.Predicted, result.Probability);

    /// <summary>Writes the file.</summary>
    /// <param name="run">The run.</param>
    /// <param name="classes">Names of the classes.</param>
    /// <param name="images">The images, whose files are named where they have any; null: none has.</param>
    /// <exception cref="CheckpointException">It could not be written.</exception>
    public void Write(RunDirectory run, IReadOnlyList<string> classes, IImageDataset? images = null)
    {
        string[] names = [.. classes.Select(Cell)];
        bool hasFiles = images?.Count > 0 && images.NameOf(0) is not null;
        StringBuilder rows = new(Columns + (hasFiles ? $",{FileColumn}\n" : "\n"));
        for (int i = 0; i < Count; i++)
        {
            rows.Append(CultureInfo.InvariantCulture, $"{i},{Labels[i]},{Predicted[i]},{Probability[i]:G6},")
                .Append(names[Labels[i]]).Append(',').Append(names[Predicted[i]]);
            if (hasFiles) rows.Append(',').Append(Cell(images!.NameOf(i) ?? ""));
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
        string[] lines = ReadLines(run.Predictions);
        for (int i = 1; i < lines.Length; i++)
        {
            string[] cells = lines[i].Split(',');
            if (cells.Length < 4 || !int.TryParse(cells[1], CultureInfo.InvariantCulture, out int label)
                || !int.TryParse(cells[2], CultureInfo.InvariantCulture, out int taken)
                || !float.TryParse(cells[3], CultureInfo.InvariantCulture, out float share)
                || label < 0 || taken < 0 || share is not (>= 0 and <= 1))
                throw new DataException(
                    $"{run.Predictions}, line {i + 1}: not a row of {Columns}; delete the file and its run is "
                        + "evaluated again.");
            labels.Add(label);
            predicted.Add(taken);
            probability.Add(share);
        }

        return new(labels, predicted, probability);
    }

    private static string[] ReadLines(string path)
    {
        if (PlainFile.Refusal(path, "predictions") is string refusal) throw new DataException(refusal);
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {error.Message}", error);
        }
    }
}

using System.Globalization;
using System.Text;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Data.Datasets;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;

namespace Fovea.Lab.Probing;

/// <summary>
/// Labels that a model is sure of, for images that have none (Lee 2013, "Pseudo-label: the simple and efficient
/// semi-supervised learning method for deep neural networks").
/// </summary>
public sealed class PseudoLabels
{
    private readonly UnlabelledImages _images;
    private readonly DatasetInfo _classes;
    private readonly List<(int Image, int Label, double Probability)> _labels = [];

    private PseudoLabels(UnlabelledImages images, DatasetInfo classes) => (_images, _classes) = (images, classes);

    /// <summary>Images that were looked at.</summary>
    public int Images => _images.Count;

    /// <summary>Images that got a label.</summary>
    public int Labelled => _labels.Count;

    /// <summary>Errors of the images that could not be read.</summary>
    public IReadOnlyList<string> Unreadable =>
        [.. _images.Unreadable.OrderBy(entry => entry.Key).Select(entry => entry.Value)];

    /// <summary>Labelled images of each class and the mean probability of their labels, in the order of the
    /// classes.</summary>
    public IReadOnlyList<(string Name, int Images, double Probability)> Classes =>
    [
        .. _classes.ClassNames.Select((name, label) =>
            (name, Of: _labels.Where(entry => entry.Label == label).ToList()))
            .Select(entry => (entry.name, entry.Of.Count,
                entry.Of.Count == 0 ? 0 : entry.Of.Average(one => one.Probability))),
    ];

    /// <summary>Asks a model about all images of a folder.</summary>
    /// <param name="model">Knows the classes.</param>
    /// <param name="images">Without labels.</param>
    /// <param name="threshold">Least probability of a label, 0 to 1.</param>
    /// <param name="batchSize">Images at a time.</param>
    /// <param name="stop">Ends the work after a batch.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it.</exception>
    public static PseudoLabels Make(TrainedModel model, UnlabelledImages images, double threshold, int batchSize,
        CancellationToken stop = default)
    {
        if (model.Head.Data.IsMultiLabel)
            throw new UsageException(
                $"'{model.Path}' gives an image several classes, and a list of pseudo-labels has one each.");
        PseudoLabels made = new(images, model.Head.Data);
        int image = 0;
        foreach (double[] probabilities in model.PredictEach(images, batchSize))
        {
            stop.ThrowIfCancellationRequested();
            int label = Classification.Best([.. probabilities.Select(share => (float)share)]);
            if (probabilities[label] >= threshold && !images.Unreadable.ContainsKey(image))
                made._labels.Add((image, label, probabilities[label]));
            image++;
        }

        return made;
    }

    /// <summary>Writes <c>path,label,split,probability</c>, as the dataset <c>csv</c> reads it; the split is always
    /// <c>train</c>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="prefix">In front of each image's path, so that it is relative to the file's folder; empty where
    /// that is the images' folder.</param>
    /// <exception cref="CheckpointException">It could not be written; the previous file is as it was.</exception>
    public void Write(string path, string prefix)
    {
        StringBuilder text = new("path,label,split,probability\n");
        foreach ((int image, int label, double probability) in _labels)
        {
            string name = (_classes.ClassIds ?? _classes.ClassNames)[label];
            text.Append(CultureInfo.InvariantCulture,
                $"{CsvText.Cell(Harmless(prefix + _images.PathOf(image)))},{CsvText.Cell(name)},train,"
                    + $"{probability:0.####}\n");
        }

        AtomicFile.WriteText(path, text.ToString());
    }

    /// <summary>A path that no spreadsheet runs as a formula, and that still names its file.</summary>
    private static string Harmless(string path) => CsvText.IsFormula(path) ? "./" + path : path;
}

using System.Globalization;
using System.Text;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Training.Runs;

/// <summary>The images whose labels a run uses, for its directory.</summary>
internal static class ChosenLabels
{
    /// <summary>Writes <c>image,name,class</c>: the image's number among the training images, its name where it has
    /// one, and its class.</summary>
    /// <param name="chosen">The choice.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">It could not be written.</exception>
    public static void Write(Subset chosen, string path)
    {
        StringBuilder text = new("image,name,class\n");
        for (int i = 0; i < chosen.Count; i++)
            text.Append(CultureInfo.InvariantCulture,
                $"{chosen.SourceIndex(i)},{CsvText.Cell(chosen.NameOf(i) ?? "")},"
                    + $"{CsvText.Cell(chosen.Info.ClassNames[chosen.Label(i)])}\n");
        AtomicFile.WriteText(path, text.ToString());
    }
}

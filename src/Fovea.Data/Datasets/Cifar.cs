
using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Datasets;

/// <summary>CIFAR-10 and CIFAR-100, in their binary or Python version, unpacked or as the official archive.</summary>
/// <remarks>Source of both formats: Krizhevsky, www.cs.toronto.edu/~kriz/cifar.html, "Dataset layout".</remarks>
public static class Cifar
{
    private static CifarLayout[] Ten { get; } =
    [
        new()
        {
            Folder = "cifar-10-batches-bin",
            Archive = "cifar-10-binary.tar.gz",
            Train = [.. Enumerable.Range(1, 5).Select(i => $"data_batch_{i}.bin")],
            Test = "test_batch.bin",
            Names = "batches.meta.txt",
            ReadRecords = (bytes, path) => CifarRecords.ReadBinary(bytes, path, labelBytes: 1, classes: 10),
            ReadNames = (bytes, path) => CifarRecords.ReadTextNames(bytes, path, 10),
        },
        new()
        {
            Folder = "cifar-10-batches-py",
            Archive = "cifar-10-python.tar.gz",
            Train = [.. Enumerable.Range(1, 5).Select(i => $"data_batch_{i}")],
            Test = "test_batch",
            Names = "batches.meta",
            ReadRecords = (bytes, path) => CifarRecords.ReadPython(bytes, path, "labels", 10),
            ReadNames = (bytes, path) => CifarRecords.ReadPythonNames(bytes, path, "label_names", 10),
        },
    ];

    private static CifarLayout[] Hundred { get; } =
    [
        new()
        {
            Folder = "cifar-100-binary",
            Archive = "cifar-100-binary.tar.gz",
            Train = ["train.bin"],
            Test = "test.bin",
            Names = "fine_label_names.txt",
            // A record is coarse label, fine label, pixels.
            ReadRecords = (bytes, path) => CifarRecords.ReadBinary(bytes, path, labelBytes: 2, classes: 100),
            ReadNames = (bytes, path) => CifarRecords.ReadTextNames(bytes, path, 100),
        },
        new()
        {
            Folder = "cifar-100-python",
            Archive = "cifar-100-python.tar.gz",
            Train = ["train"],
            Test = "test",
            Names = "meta",
            ReadRecords = (bytes, path) => CifarRecords.ReadPython(bytes, path, "fine_labels", 100),
            ReadNames = (bytes, path) => CifarRecords.ReadPythonNames(bytes, path, "fine_label_names", 100),
        },
    ];

    /// <summary>
    /// Reads CIFAR-10. Looked for in <paramref name="path"/> and its <c>cifar10</c>: unpacked there or one folder
    /// below, then in archives; the binary version is taken where both are there.
    /// </summary>
    /// <param name="path">A directory, or one of the official archives itself.</param>
    /// <returns>Images of 3 x 32 x 32, as many as the files hold (officially 50,000 and 10,000), no validation
    /// set.</returns>
    /// <exception cref="DataException">A file is missing, wrong, cut off or hostile.</exception>
    public static DatasetSplits Load10(string path) => Load(path, "cifar10", Normalization.Cifar10, Ten);

    /// <summary>Reads CIFAR-100 with its 100 fine classes, found as <see cref="Load10"/> finds CIFAR-10 (in
    /// <c>cifar100</c>).</summary>
    /// <inheritdoc cref="Load10"/>
    public static DatasetSplits Load100(string path) => Load(path, "cifar100", Normalization.Cifar100, Hundred);

    private static DatasetSplits Load(string path, string name, Normalization normalization, CifarLayout[] layouts)
    {
        (CifarFiles source, CifarLayout layout) = Find(path, name, layouts);
        IReadOnlyDictionary<string, byte[]> files = source.Read(layout);
        string At(string file) => Path.Combine(source.Path, file);

        DatasetInfo info = new()
        {
            Name = name,
            Channels = 3,
            Height = 32,
            Width = 32,
            ClassNames = layout.ReadNames(files[layout.Names], At(layout.Names)),
            Normalization = normalization,
        };
        InMemoryDataset train = new(info, [.. layout.Train.Select(file => layout.ReadRecords(files[file], At(file)))]);
        InMemoryDataset test = new(info, [layout.ReadRecords(files[layout.Test], At(layout.Test))]);
        string? note = OfficialFiles.Note(name, source.IsArchive
            ? [(source.Path, layout.Archive[..^".gz".Length])]
            : [.. layout.Train.Append(layout.Test).Select(file => (At(file), file))])
            ?? OfficialFiles.NoteOnClasses(name, train, 50_000) ?? OfficialFiles.NoteOnClasses(name, test, 10_000);
        return DatasetSplits.WithoutValidation(train, test) with { Notes = note is null ? [] : [note] };
    }

    private static (CifarFiles Source, CifarLayout Layout) Find(string path, string name, CifarLayout[] layouts)
    {
        (CifarFiles, CifarLayout)? found = null;
        foreach (CifarFiles source in CifarFiles.Candidates(path, name))
        {
            CifarLayout? layout = source.Recognise(layouts);
            if (layout == layouts[0]) return (source, layout);   // binary wins
            if (layout is not null) found ??= (source, layout);
        }

        return found ?? throw new DataException(
            $"{name}: neither {layouts[0].Folder} nor {layouts[1].Folder}, unpacked or as .tar.gz, in '{path}'; " +
            $"download {layouts[0].Archive} or {layouts[1].Archive} from www.cs.toronto.edu/~kriz/cifar.html into it.");
    }
}

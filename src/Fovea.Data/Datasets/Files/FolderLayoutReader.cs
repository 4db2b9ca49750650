namespace Fovea.Data.Datasets.Files;

/// <summary>
/// Finds the parts and classes of a tree. Where all images lie in one folder more (<c>data/data/cat</c>,
/// <c>seg_train/seg_train/cat</c>), it is looked into. Whatever is left out is said; whatever is in doubt is refused.
/// </summary>
internal sealed class FolderLayoutReader(ImageTree tree, bool hasClassFile, string[] labelled)
{
    /// <summary>A layout has no more folders around its classes.</summary>
    private const int MostWrappers = 5;

    private readonly FolderCounts _counts = new(tree.Entries);
    private readonly List<string> _notes = [];

    /// <summary>The layout.</summary>
    public FolderLayout Read()
    {
        string root = Unwrap("", isPart: false, []);
        if (root.Length > 0)
            _notes.Add($"the images are taken from '{root}', as all lie there.");
        Dictionary<PartKind, string> parts = FindParts(root);
        FolderLayout layout = parts.ContainsKey(PartKind.Train) ? OfParts(root, parts) : new(root, null, null);
        if (parts.Count == 0) RequireClasses(root);
        NoteLoose(layout.Train);
        return layout with { Notes = [.. _notes, .. tree.Entries.PassedOver.Sentences()] };
    }

    private FolderLayout OfParts(string root, Dictionary<PartKind, string> parts)
    {
        string train = UnwrapPart(parts[PartKind.Train], []);
        string[] classes = _counts.Filled(train);
        string? Place(PartKind kind) => parts.TryGetValue(kind, out string? folder) ? UnwrapPart(folder, classes)
            : null;
        FolderLayout layout = new(train, Place(PartKind.Validation), Place(PartKind.Test));
        string[] left = [.. _counts.Filled(root).Select(name => Join(root, name)).Except(parts.Values)
            .Except(labelled)];
        RefuseFlatValidation(left, parts);
        if (left.Length > 0)
            _notes.Add($"beside the parts, {(left.Length == 1 ? "a folder is" : "folders are")} left out: "
                + $"{Listing.Of(left.Select(Describe))}.");
        if (_counts.Direct(root) is > 0 and int direct)
            _notes.Add($"{direct} {(direct == 1 ? "image" : "images")} beside the parts "
                + $"{(direct == 1 ? "is" : "are")} left out.");
        return layout;
    }

    /// <summary>Folders that are named as parts and hold folders of images. Of several for one part, the shortest name
    /// is taken.</summary>
    private Dictionary<PartKind, string> FindParts(string root)
    {
        var named = _counts.Filled(root).Select(name => (Name: name, PartNames.Of(name).Kind, PartNames.Of(name).Other))
            .Where(part => part.Kind != PartKind.None && IsPart(Join(root, part.Name), part.Kind)).ToArray();
        var train = named.Where(part => part.Kind == PartKind.Train && (part.Other.Length == 0
                || named.Any(other => other.Kind != part.Kind && other.Other == part.Other)))
            .OrderBy(part => part.Other.Length).ThenBy(part => part.Name.Length)
            .ThenBy(part => part.Name, StringComparer.Ordinal).FirstOrDefault();
        if (train.Name is null)
        {
            RefuseWithoutTraining(root);
            return [];
        }

        return named.Where(part => part.Other == train.Other || part.Other.Length == 0)
            .GroupBy(part => part.Kind)
            .ToDictionary(group => group.Key, group => group.Key == PartKind.Train ? Join(root, train.Name)
                : Join(root, group.OrderBy(part => part.Other != train.Other).ThenBy(part => part.Name.Length)
                    .ThenBy(part => part.Name, StringComparer.Ordinal).First().Name));
    }

    private bool IsPart(string folder, PartKind kind) =>
        kind == PartKind.Train ? _counts.Filled(folder).Length > 0 : !IsFlat(folder);

    /// <summary>True where images lie in a folder, or a single one below it, without class folders.</summary>
    private bool IsFlat(string folder) => _counts.Filled(folder) switch
    {
        [] => true,
        [var only] => _counts.Direct(folder) == 0 && _counts.Filled(Join(folder, only)).Length == 0
            && (only == folder[(folder.LastIndexOf('/') + 1)..] || only is "images" or "Images"),
        _ => false,
    };

    private void RefuseWithoutTraining(string root)
    {
        string[] filled = _counts.Filled(root);
        if (hasClassFile || filled.Length == 0
            || !Array.TrueForAll(filled, name => PartNames.Of(name) is { Kind: not PartKind.None, Other: "" })) return;
        // valid and test, or a single train, may be anything; two parts are no classes
        if (filled.Select(name => PartNames.Of(name).Kind).Distinct().Count() < 2) return;
        bool hasTraining = filled.Any(name => PartNames.Of(name).Kind == PartKind.Train);
        throw new DataException(
            $"{tree.Path}: its folders {Listing.Of(filled.Select(name => $"'{name}'"))} are named as parts of a "
                + "dataset, "
                + (hasTraining
                    ? "but hold no folders of classes; put the images of each class into a folder of its own."
                    : "but none is for training; name one train, or list them in classes.txt if they are classes."));
    }

    /// <summary>A validation set without classes cannot be used, and it is hardly meant to be left out.</summary>
    private void RefuseFlatValidation(string[] left, Dictionary<PartKind, string> parts)
    {
        string? flat = left.FirstOrDefault(folder => !parts.ContainsKey(PartKind.Validation) && IsFlat(folder)
            && PartNames.Of(folder[(folder.LastIndexOf('/') + 1)..]) is { Kind: PartKind.Validation, Other: "" });
        if (flat is null) return;
        throw new DataException(
            $"{Path.Combine(tree.Path, flat)}: holds {_counts.Below(flat)} images without class folders; sort them "
                + "into "
                + "folders as in training, list all images and their classes in a CSV file (`dataset` csv), read "
                + "ImageNet "
                + "with its list of classes (`dataset` imagenet), or move the folder away.");
    }

    /// <summary>Classes that all hold the same folders are most likely parts, copies or shots of the classes
    /// below.</summary>
    private void RequireClasses(string root)
    {
        string[] filled = _counts.Filled(root);
        if (filled.Length < 2 || hasClassFile) return;
        string[] below = _counts.Filled(Join(root, filled[0]));
        if (below.Length < 2 || !Array.TrueForAll(filled, name => _counts.Direct(Join(root, name)) == 0
            && _counts.Filled(Join(root, name)).SequenceEqual(below))) return;
        throw new DataException(
            $"{tree.Path}: its folders {Listing.Of(filled.Select(name => $"'{name}'"))} all hold the same folders "
                + $"({Listing.Of(below)}), so which are the classes is in doubt; name the parts train, val and test, "
                + "give "
                + "one of the folders, or list the classes in classes.txt.");
    }

    private string UnwrapPart(string part, string[] classes)
    {
        string place = Unwrap(part, isPart: true, classes);
        if (place != part) _notes.Add($"the classes of '{part}' are taken from '{place}', as all images lie there.");
        return place;
    }

    /// <summary>Goes down while all images lie in one folder, if that leads to several folders or to parts.</summary>
    private string Unwrap(string folder, bool isPart, string[] classes)
    {
        string place = folder;
        for (int step = 0; step < MostWrappers; step++)
        {
            string[] filled = _counts.Filled(place);
            if (filled.Length > 1) return place;
            if (filled.Length == 0 || _counts.Direct(place) > 0 || classes.Contains(filled[0])) return folder;
            if (!isPart && PartNames.Of(filled[0]).Kind == PartKind.Train && _counts.Filled(Join(place, filled[0]))
                is { Length: > 1 }) return place;
            place = Join(place, filled[0]);
        }

        return folder;
    }

    /// <summary>Images beside the folders of classes belong to none.</summary>
    private void NoteLoose(string train)
    {
        if (_counts.Direct(train) is > 0 and int loose && _counts.Filled(train).Length > 0)
            _notes.Add($"{loose} {(loose == 1 ? "image lies" : "images lie")} beside the class folders "
                + $"{(train.Length == 0 ? "" : $"of '{train}' ")}and {(loose == 1 ? "is" : "are")} left out.");
    }

    private string Describe(string folder) => $"'{folder}' ({_counts.Below(folder)} images"
        + (IsFlat(folder) ? " without class folders)" : ")");

    private static string Join(string folder, string name) => folder.Length == 0 ? name : $"{folder}/{name}";
}

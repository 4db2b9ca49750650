using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Training.Classes;

/// <summary>
/// Classes of a dataset and those that a model knows, matched by name (or by what identifies them, such as ImageNet's
/// wnids), never by number. Ways to write a letter (NFC, NFD) count as one.
/// </summary>
public sealed class ClassMap
{
    private const int Shown = 5, PairsShown = 3, PairsTried = 50;

    private readonly DatasetInfo _model, _data;
    private readonly int[] _numbers;

    private ClassMap(DatasetInfo model, DatasetInfo data, int[] numbers) =>
        (_model, _data, _numbers) = (model, data, numbers);

    /// <summary>Matches the classes of two datasets.</summary>
    /// <param name="model">The one that the model was trained on.</param>
    /// <param name="data">The one that it is used on.</param>
    public static ClassMap Of(DatasetInfo model, DatasetInfo data)
    {
        if (model.ClassNames.SequenceEqual(data.ClassNames))
            return new(model, data, [.. Enumerable.Range(0, data.Classes)]);
        Dictionary<string, int> known = new(StringComparer.Ordinal);
        foreach (IReadOnlyList<string> names in new[] { model.ClassIds,
            model.ClassNames }.OfType<IReadOnlyList<string>>())
            for (int label = 0; label < names.Count; label++)
                known.TryAdd(CanonicalText.Compose(names[label]), label);
        int NumberOf(string? name) =>
            name is null ? -1 : known.GetValueOrDefault(CanonicalText.Compose(name), -1);
        return new(model, data, [.. Enumerable.Range(0, data.Classes).Select(label =>
            NumberOf(data.ClassIds?[label]) is >= 0 and int number ? number : NumberOf(data.ClassNames[label]))]);
    }

    /// <summary>The model's number of each class of the data; -1 where it does not know it.</summary>
    public IReadOnlyList<int> Numbers => _numbers;

    /// <summary>Numbers mean the same in both.</summary>
    public bool IsSame => _numbers.Length == _model.Classes
        && !_numbers.Where((number, label) => number != label).Any();

    /// <summary>Every class of the data is one of the model's.</summary>
    public bool IsKnown => !_numbers.Contains(-1);

    /// <summary>Both have the same classes, in whatever order.</summary>
    public bool IsPermutation => IsKnown && _numbers.Length == _model.Classes
        && _numbers.Distinct().Count() == _model.Classes;

    /// <summary>A sentence on what differs; null where <see cref="IsSame"/>.</summary>
    public string? Note
    {
        get
        {
            if (IsSame) return null;
            string of = $"the classes of '{_data.Name}' are matched with the model's by name";
            if (IsPermutation) return $"{of}: they come in another order.";
            int[] unknown = Unknown();
            string left = unknown.Length == 0 ? ""
                : $"; images of {Count(unknown.Length)} that it does not know are left out: "
                + $"{List(unknown.Select(Name))}";
            int common = _numbers.Where(number => number >= 0).Distinct().Count();
            string[] absent = Absent();
            string without = absent.Length == 0 ? "" : $"; without images: {List(absent)}";
            return $"{of}: {common} of the {_model.Classes} that it knows are there{without}{left}.";
        }
    }

    /// <summary>A sentence on the head that is learned anew, since the model does not know all classes.</summary>
    public string NewHead => $"the weights know {Count(_model.Classes)} ({List(_model.ClassNames)}), the data has "
        + $"{Count(_data.Classes)} ({List(_data.ClassNames)}): a new head is learned.";

    /// <summary>Refuses data whose classes the model does not know.</summary>
    /// <param name="knownOnly">Images of unknown classes may be left out, if only some class is known.</param>
    /// <param name="model">What the model is called in the message, e.g. the path of its run.</param>
    /// <param name="remedy">What else can be done; null: to leave images out.</param>
    /// <exception cref="UsageException">The data has other classes; both lists are named, and the nearest
    /// pairs.</exception>
    public ClassMap Require(string model, bool knownOnly = false, string? remedy = null)
    {
        if (_model.IsMultiLabel != _data.IsMultiLabel)
            throw new UsageException(_model.IsMultiLabel
                ? $"'{model}' was trained on images of several classes each, and those of '{_data.Name}' have one "
                    + "each; name a list of their classes with `labels`."
                : $"'{model}' was trained on images of one class each, and those of '{_data.Name}' have several "
                    + "(`labels`).");
        int[] unknown = Unknown();
        if (unknown.Length == 0 || (knownOnly && unknown.Length < _numbers.Length)) return this;
        string none = unknown.Length == _numbers.Length ? "none of them is known"
            : $"not known: {List(unknown.Select(Name))}";
        string pairs = string.Join(", ", NearestPairs(unknown));
        throw new UsageException(
            $"'{model}' knows {Count(_model.Classes)} ({List(_model.ClassNames)}), the data '{_data.Name}' has "
                + $"{Count(_data.Classes)} ({List(_data.ClassNames)}); "
                + $"{none}{(pairs.Length > 0 ? $" (near: {pairs})" : "")}.")
        {
            Remedy = remedy ?? (unknown.Length == _numbers.Length
                ? "Name the data that the model was trained for, rename its classes, or train for these classes."
                : "Rename them, or leave their images out with `known-classes`."),
        };
    }

    /// <summary>The data under the model's numbers and names; images of classes that it does not know are left
    /// out.</summary>
    /// <param name="data">Images of the dataset that was matched.</param>
    public IImageDataset Apply(IImageDataset data) => IsSame ? data : new RenumberedClasses(data, _model, _numbers);

    /// <inheritdoc cref="Apply(IImageDataset)"/>
    public DatasetSplits Apply(DatasetSplits data) => IsSame ? data : data.Each(Apply);

    private int[] Unknown() => [.. Enumerable.Range(0, _numbers.Length).Where(label => _numbers[label] < 0)];

    private string[] Absent() =>
        [.. Enumerable.Range(0, _model.Classes).Except(_numbers).Select(label => _model.ClassNames[label])];

    private string Name(int label) => _data.ClassNames[label];

    private IEnumerable<string> NearestPairs(int[] unknown)
    {
        string[] absent = Absent();
        return unknown.Take(PairsTried).Select(Name)
            .Select(name => (Name: name, Near: NearestName.Of(name, absent)))
            .Where(pair => pair.Near is not null).Take(PairsShown)
            .Select(pair => $"'{pair.Name}' and '{pair.Near}'");
    }

    private static string Count(int classes) => classes == 1 ? "1 class" : $"{classes} classes";

    private static string List(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return string.Join(", ", all.Take(Shown)) + (all.Length > Shown ? $" and {all.Length - Shown} more" : "");
    }
}

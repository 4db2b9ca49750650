using Fovea.Core.Formats;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fovea.Training.Recipes;

/// <summary>Recipes as YAML: one key per <see cref="RecipeField"/>, named as the long option of <c>fovea
/// train</c>.</summary>
public static class RecipeFile
{
    private const int LargestFile = 1 << 20;
    private const string Asked = "asked: ";
    private const string Open = "auto";

    /// <summary>The recipe of a file; what it does not say is taken from <paramref name="defaults"/>.</summary>
    /// <exception cref="UsageException">The file cannot be read, or a key or value is wrong: file, line and
    /// field.</exception>
    public static Recipe Read(string path, Recipe defaults) => Parse(ReadText(path, "recipe"), path, defaults);

    /// <summary>The values of a file as they stand, by the names of their fields; whether they make sense is not looked
    /// at. Many files are read much faster than by <see cref="Read"/>.</summary>
    /// <exception cref="UsageException">The file cannot be read, or a key is wrong: file, line and field.</exception>
    public static IReadOnlyDictionary<string, string> ReadValues(string path)
    {
        Dictionary<string, string> values = [];
        try
        {
            foreach ((RecipeField field, string value, _) in Entries(new YamlReader(ReadText(path, "recipe")), path))
                values[field.Name] = value;
            return values;
        }
        catch (YamlException error)
        {
            throw new UsageException($"{path}, line {error.Start.Line}: not valid YAML: {error.Message}");
        }
    }

    /// <summary>The recipe of a text; what it does not say is taken from <paramref name="defaults"/>.</summary>
    /// <param name="yaml">A mapping of names to values.</param>
    /// <param name="source">Name of the text for messages.</param>
    /// <param name="defaults">Values of the fields that the text leaves out.</param>
    /// <exception cref="UsageException">A key or value is wrong; the message names source, line and field.</exception>
    public static Recipe Parse(string yaml, string source, Recipe defaults)
    {
        try
        {
            return ParseMapping(new YamlReader(yaml), source, defaults);
        }
        catch (YamlException error)
        {
            throw new UsageException($"{source}, line {error.Start.Line}: not valid YAML: {error.Message}");
        }
    }

    /// <summary>Every field of a recipe, under its section's heading; <see cref="Parse"/> gives back an equal
    /// recipe.</summary>
    public static string Print(Recipe recipe) => Print(recipe, null);

    /// <summary>A recipe as it is used, with what was asked for behind the fields where it differs:
    /// <c>hflip: 0.5 # asked: auto</c>; readers of recipes pass over it. What there was nothing to choose for stands in
    /// a comment.</summary>
    /// <param name="recipe">What is used.</param>
    /// <param name="asked">Values by the names of their fields; those that are missing were asked for as they
    /// are.</param>
    internal static string Print(Recipe recipe, IReadOnlyDictionary<string, string>? asked)
    {
        StringWriter text = new() { NewLine = "\n" };
        Emitter emitter = new(text);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        emitter.Emit(new MappingStart(null, null, true, MappingStyle.Block));
        string? section = null;
        foreach (RecipeField field in RecipeFields.All.Where(field => !field.IsShorthand))
        {
            if (field.Section != section) emitter.Emit(new Comment(section = field.Section, isInline: false));
            string value = field.Read(recipe);
            if (asked is not null && value == Open)
            {
                emitter.Emit(new Comment($"{field.Name}: {WhyOpen(field, recipe)}", isInline: false));
                continue;
            }

            if (asked is not null && field.Name == "lr" && recipe.Optimisation.RateScaling != RateScaling.None)
                emitter.Emit(new Comment($"the largest rate is {RecipeText.Rate(recipe)}", isInline: false));
            emitter.Emit(new Scalar(field.Name));
            // Other styles read a return, or a line break of Unicode, back as another one.
            emitter.Emit(value.Any(IsControl) ? new Scalar(null, null, value, ScalarStyle.DoubleQuoted, true, true)
                : IsNull(value) ? new Scalar(null, null, value, ScalarStyle.SingleQuoted, true, true)
                : new Scalar(value));
            if (asked?.GetValueOrDefault(field.Name) is string wanted && wanted != value
                && !wanted.Any(IsControl))
                emitter.Emit(new Comment(Asked + wanted, isInline: true));
        }

        emitter.Emit(new MappingEnd());
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    /// <summary>Value that is used where the recipe gives none, in words.</summary>
    private static string WhyOpen(RecipeField field, Recipe recipe)
    {
        SemiSupervisedSection semi = recipe.SemiSupervised;
        PretrainingMethod method = recipe.Pretraining.Method;
        bool isOff = field.Name switch
        {
            "unlabelled-ratio" or "unlabelled-weight" => semi.Method == SemiMethod.None,
            "strong-augment" => semi.Method != SemiMethod.FixMatch,
            "ramp-up-epochs" => semi.Method != SemiMethod.MeanTeacher,
            "decoder-depth" or "decoder-dim" => method != PretrainingMethod.Mae,
            "local-size" or "teacher-warmup-epochs" => method != PretrainingMethod.Dino,
            _ => false,
        };
        return field.Name switch
        {
            _ when isOff => "not used",
            "head-dim" => "dim / heads",
            _ when field.Section == RecipeFields.ModelTitle => "this model has none",
            "color-jitter" or "hflip" or "vflip" or "random-erasing" or "erasing-value" =>
                "as the transforms of 'augment' say",
            "unlabelled-ratio" => $"{semi.UsedRatio}",
            "unlabelled-weight" => FormattableString.Invariant($"{semi.UsedWeight}"),
            "train-eval" => "as many as there are test images",
            "pin" => "as FOVEA_PIN says, else none",
            "split-seed" => "as seed",
            "shards" => "1, with a launcher 8",
            _ => field.Description,
        };
    }

    /// <summary>True for how YAML writes that there is no value.</summary>
    private static bool IsNull(string value) => value is "~" or "null" or "Null" or "NULL";

    private static bool IsControl(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';

    /// <summary>Values that were asked for where a run's file says that something else is used, by the names of the
    /// fields.</summary>
    /// <param name="yaml">What <see cref="Print(Recipe, IReadOnlyDictionary{string, string})"/> wrote.</param>
    internal static IReadOnlyDictionary<string, string> AskedIn(string yaml)
    {
        Dictionary<string, string> asked = [];
        Parser parser = new(new Scanner(new StringReader(yaml), skipComments: false));
        string key = "", value = "";
        try
        {
            while (parser.MoveNext())
            {
                if (parser.Current is Scalar scalar) (key, value) = (value, scalar.Value);
                else if (parser.Current is Comment { IsInline: true } comment
                    && comment.Value.StartsWith(Asked, StringComparison.Ordinal))
                    asked[key] = comment.Value[Asked.Length..];
            }
        }
        catch (YamlException)
        {
            // not a file that was written here: whoever reads its values says so
        }

        return asked;
    }

    /// <summary>The text of a file of moderate size.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it should be, for messages.</param>
    internal static string ReadText(string path, string what)
    {
        PlainFile.Require(path, $"a {what}");
        try
        {
            if (new FileInfo(path).Length > LargestFile)
                throw new UsageException($"{path}: larger than 1 MiB, so not a {what}.");
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{path}: cannot read the {what}: {error.Message}");
        }
    }

    private static Recipe ParseMapping(YamlReader parser, string source, Recipe recipe)
    {
        foreach ((RecipeField field, string value, string where) in Entries(parser, source))
            recipe = field.Write(recipe, value, where);
        return recipe;
    }

    /// <summary>Keys of a study, of which a recipe has none.</summary>
    internal static IReadOnlyList<string> StudyKeys { get; } = ["name", "description", "base", "vary", "exclude",
        "include", "override", "seeds", "published"];

    /// <summary>The fields of a mapping with their values, and where they stand.</summary>
    private static IEnumerable<(RecipeField Field, string Value, string Where)> Entries(
        YamlReader parser, string source)
    {
        parser.Consume<StreamStart>();
        if (parser.Accept<StreamEnd>(out _))
            throw new UsageException($"{source}: the recipe is empty; it needs at least one line 'name: value'.");
        parser.Consume<DocumentStart>();
        if (!parser.TryConsume<MappingStart>(out _))
            throw new UsageException(
                $"{source}, line {parser.Current!.Start.Line}: a recipe is a list of 'name: value' lines.");

        HashSet<RecipeField> seen = [];
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            Scalar key = parser.Consume<Scalar>();
            string where = $"{source}, line {key.Start.Line}: {key.Value}";
            RecipeField field = RecipeFields.Find(key.Value)
                ?? throw new UsageException($"{where}: there is no such field{RecipeFields.DidYouMean(key.Value)}")
                {
                    Remedy = StudyKeys.Contains(key.Value)
                        ? $"A study of several runs is trained by 'fovea compare {source}'." : null,
                };
            if (!seen.Add(field)) throw new UsageException($"{where}: '{field.Name}' is given twice.");
            yield return (field, ParseValue(parser, where), where);
        }

        RequireEnd(parser, source, "recipe");
    }

    /// <summary>Refuses a second document, which would be passed over.</summary>
    /// <param name="parser">Stands behind the value of the first document.</param>
    /// <param name="source">Name of the text for messages.</param>
    /// <param name="what">What the text is, for messages.</param>
    internal static void RequireEnd(YamlReader parser, string source, string what)
    {
        parser.Consume<DocumentEnd>();
        if (!parser.Accept<StreamEnd>(out _))
            throw new UsageException($"{source}, line {parser.Current!.Start.Line}: a second document begins; a {what} "
                + "is one.");
    }

    /// <summary>A scalar as it stands; a list of scalars joined by commas.</summary>
    internal static string ParseValue(YamlReader parser, string where)
    {
        if (parser.TryConsume<Scalar>(out var scalar))
            return scalar.Style != ScalarStyle.Plain || !IsNull(scalar.Value) ? scalar.Value
                : throw new UsageException($"{where}: '{scalar.Value}' is no value; write none, or leave the line "
                    + "out for the usual one.");
        if (!parser.TryConsume<SequenceStart>(out _))
            throw new UsageException($"{where}: needs a value or a list of values.");
        List<string> items = [];
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            if (!parser.TryConsume<Scalar>(out var item))
                throw new UsageException($"{where}: a list may only hold plain values.");
            items.Add(item.Value);
        }

        return string.Join(',', items);
    }
}

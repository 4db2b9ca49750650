using System.Globalization;
using Fovea.Core.Formats;
using Fovea.Training.Recipes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fovea.Lab.Studies;

/// <summary>Studies as YAML. <c>docs/studies.md</c> describes the keys.</summary>
public static class StudyFile
{
    private const int LongestName = 100;

    /// <summary>The study of a file.</summary>
    /// <exception cref="UsageException">The file cannot be read, or something in it is wrong: file, line, column and
    /// what to do.</exception>
    public static Study Read(string path) => Parse(RecipeFile.ReadText(path, "study"), path);

    /// <summary>The study of a text.</summary>
    /// <param name="yaml">A mapping.</param>
    /// <param name="source">Name of the text for messages.</param>
    /// <exception cref="UsageException">Something in it is wrong: source, line, column and what to do.</exception>
    public static Study Parse(string yaml, string source)
    {
        try
        {
            return new Reader(new YamlReader(yaml), source).Study();
        }
        catch (YamlException error)
        {
            throw new UsageException(
                $"{source}, line {error.Start.Line}, column {error.Start.Column}: not valid YAML: {error.Message}");
        }
    }

    /// <summary>Goes through the text once. Its depth is that of a study, whatever the text nests.</summary>
    private sealed class Reader(YamlReader parser, string source)
    {
        public Study Study()
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
                throw new UsageException($"{source}: the study is empty; it needs at least 'base' or 'vary'.");
            parser.Consume<DocumentStart>();
            Study study = new() { Name = Path.GetFileNameWithoutExtension(source), Source = source };
            foreach (Scalar key in Mapping("a study is a list of 'key: value' lines"))
            {
                study = key.Value switch
                {
                    "name" => study with { Name = FolderName(key) },
                    "description" => study with { Description = Text(key) },
                    "base" => study with { Base = Settings("'base' holds options of 'train' as 'name: value'") },
                    "vary" => study with { Vary = [.. Axes()] },
                    "exclude" => study with
                    {
                        Exclude = [.. Items(key)
                            .Select(_ => Settings("an entry of 'exclude' holds options as 'name: value'"))]
                    },
                    "include" => study with { Include = [.. Items(key).Select(_ => Extra())] },
                    "override" => study with { Overrides = [.. Items(key).Select(_ => Override())] },
                    "seeds" => study with { Seeds = Seeds(key) },
                    "published" => study with { Published = [.. Published()] },
                    _ => throw Unknown(key),
                };
            }

            RecipeFile.RequireEnd(parser, source, "study");
            return Checked(study);
        }

        private static Study Checked(Study study)
        {
            foreach (Axis axis in study.Vary)
                if (study.Base.FirstOrDefault(setting => setting.Field == axis.Field) is { } twice)
                    throw new UsageException(
                        $"{twice.Where}: '{axis.Field.Name}' is in 'base' and in 'vary'; leave one of them out.");
            foreach (Setting setting in study.Overrides.SelectMany(rule => rule.Settings))
                if (study.Vary.Any(axis => axis.Field == setting.Field))
                    throw new UsageException($"{setting.Where}: '{setting.Field.Name}' varies; 'override' can set "
                        + "what does not; leave it out here.");
            return study;
        }

        private UsageException Unknown(Scalar key)
        {
            string advice = RecipeFields.Find(key.Value) is not null
                ? $"; '{key.Value}' is an option of 'train' and belongs under 'base' or 'vary'."
                : NearestName.Of(key.Value, RecipeFile.StudyKeys) is string nearest ? $"; did you mean '{nearest}'?"
                : $"; there are {string.Join(", ", RecipeFile.StudyKeys)}.";
            return Wrong(key, $"a study has no key '{key.Value}'{advice}");
        }

        private IEnumerable<Axis> Axes()
        {
            foreach (Scalar key in Mapping("'vary' holds options of 'train', each with a list of values"))
            {
                Setting[] values = [.. Items(key).Select(item => Read(key, item))];
                if (values.Length == 0) throw Wrong(key, $"'{key.Value}' has no values to vary over.");
                RequireDifferent(values.Select(value => (value.Value, value.Where)));
                yield return new(values[0].Field, values);
            }
        }

        private List<Setting> Settings(string what) => [.. Mapping(what).Select(key => Read(key, parser.Current!))];

        private Extra Extra()
        {
            string where = At(parser.Current!);
            string name = "";
            List<Setting> settings = [];
            foreach (Scalar key in Mapping("an entry of 'include' holds options as 'name: value'"))
            {
                if (key.Value == "name") name = Text(key);
                else settings.Add(Read(key, parser.Current!));
            }

            return new(name.Length > 0 ? name : null, settings, where);
        }

        private Override Override()
        {
            const string Form = "an entry of 'override' says 'when: { option: value }' and, beside it, options as "
                + "'name: value'";
            string where = At(parser.Current!);
            List<Setting> when = [], settings = [];
            foreach (Scalar key in Mapping(Form))
                if (key.Value == "when") when = Settings("'when' holds options as 'name: value'");
                else settings.Add(Read(key, parser.Current!));
            return when.Count > 0 && settings.Count > 0 ? new(when, settings, where)
                : throw new UsageException($"{where}: {Form}.");
        }

        private List<ulong> Seeds(Scalar key)
        {
            List<ulong> seeds = [];
            foreach (ParsingEvent item in Items(key))
            {
                string text = Text(key);
                if (!ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed))
                    throw Wrong(item, $"'{text}' is no seed; seeds are whole numbers of at least 0.");
                if (seeds.Contains(seed)) throw Wrong(item, $"the seed {seed} is given twice.");
                seeds.Add(seed);
            }

            return seeds.Count > 0 ? seeds : throw Wrong(key, "'seeds' is empty; give at least one, e.g. [0, 1, 2].");
        }

        private IEnumerable<Published> Published()
        {
            foreach (Scalar key in Mapping("'published' holds lines like 'attention=softmax: 75.83'"))
            {
                ParsingEvent place = parser.Current!;
                string text = Text(key);
                if (text is "-" or "") continue;   // known to be unknown
                if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double percent)
                    || percent is not (> 1 and <= 100))
                    throw Wrong(place, $"'{text}' is no accuracy in percent, above 1 and up to 100, such as 75.83.");
                yield return new(key.Value, percent / 100, At(key));
            }
        }

        private Setting Read(Scalar key, ParsingEvent place)
        {
            string where = At(place);
            return Setting.Read(key.Value, Text(key), RecipeFields.Find(key.Value) is null ? At(key) : where);
        }

        /// <summary>The keys of a mapping, each only once; whoever asks for the next has read the value.</summary>
        private IEnumerable<Scalar> Mapping(string what)
        {
            if (!parser.TryConsume<MappingStart>(out _)) throw Wrong(parser.Current!, $"{what}.");
            HashSet<string> seen = [];
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                if (!parser.TryConsume<Scalar>(out Scalar? key))
                    throw Wrong(parser.Current!, "a key has to be plain text.");
                if (!seen.Add(RecipeFields.Find(key.Value)?.Name ?? key.Value))
                    throw Wrong(key, $"'{key.Value}' is given twice.");
                yield return key;
            }
        }

        /// <summary>The places of a list's items; whoever asks for the next has read the item.</summary>
        private IEnumerable<ParsingEvent> Items(Scalar key)
        {
            if (!parser.TryConsume<SequenceStart>(out _))
                throw Wrong(parser.Current!, $"'{key.Value}' needs a list, e.g. [a, b].");
            while (!parser.TryConsume<SequenceEnd>(out _)) yield return parser.Current!;
        }

        private string Text(Scalar key) => RecipeFile.ParseValue(parser, $"{At(parser.Current!)}: {key.Value}");

        /// <summary>A study's name is that of its folder too.</summary>
        private string FolderName(Scalar key)
        {
            ParsingEvent place = parser.Current!;
            string name = Text(key);
            return name.Length is > 0 and <= LongestName && name.Trim() == name && name[0] != '.'
                && !name.Any(letter => char.IsControl(letter) || "/\\:*?\"<>|".Contains(letter)) ? name
                : throw Wrong(place, "a study's name is that of its folder: give up to "
                    + $"{LongestName} characters without / \\ : * ? \" < > | and without a dot at the start.");
        }

        private static void RequireDifferent(IEnumerable<(string Value, string Where)> values)
        {
            HashSet<string> seen = [];
            foreach ((string value, string where) in values)
                if (!seen.Add(value)) throw new UsageException($"{where}: '{value}' is given twice.");
        }

        private UsageException Wrong(ParsingEvent place, string message) => new($"{At(place)}: {message}");

        private string At(ParsingEvent place) => $"{source}, line {place.Start.Line}, column {place.Start.Column}";
    }
}

using Fovea.Core.Formats;
using Fovea.Vision.Models;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fovea.Training.Pretrained;

/// <summary>Published weights by name: those of the product's <c>weights.yaml</c>, and of the user's file, which adds
/// entries and changes values.</summary>
public sealed class WeightsList
{
    /// <summary>Names the user's file.</summary>
    public const string Variable = "FOVEA_WEIGHTS";

    private const string Resource = "weights.yaml";
    private const int LargestFile = 4 << 20;

    private static readonly string[] Needed = ["preset", "address"];

    private WeightsList(IReadOnlyList<ListedWeights> all, IReadOnlyList<KeyValuePair<string, string>> mirrors) =>
        (All, Mirrors) = (all, mirrors);

    /// <summary>The product's own list.</summary>
    public static WeightsList BuiltIn { get; } = new WeightsList([], []).With(BuiltInText, Resource);

    /// <summary>The product's own list as a text, to copy and edit.</summary>
    public static string BuiltInText
    {
        get
        {
            using StreamReader reader = new(typeof(WeightsList).Assembly.GetManifestResourceStream(Resource)!);
            return reader.ReadToEnd();
        }
    }

    /// <summary>The user's file, which need not exist.</summary>
    public static string UserFile => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } file ? file
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData,
            Environment.SpecialFolderOption.DoNotVerify), "fovea", Resource);

    /// <summary>All entries, the product's first.</summary>
    public IReadOnlyList<ListedWeights> All { get; }

    /// <summary>Beginnings of addresses, and what takes their place.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Mirrors { get; }

    /// <summary>The product's list with the user's file.</summary>
    /// <exception cref="UsageException">That file cannot be read, or a key or value of it is wrong: file, line and
    /// key.</exception>
    public static WeightsList OfUser()
    {
        string file = UserFile;
        bool isNamed = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };
        if (!isNamed && !File.Exists(file)) return BuiltIn;
        PlainFile.Require(file, "a list of weights");
        try
        {
            if (new FileInfo(file).Length > LargestFile)
                throw new UsageException($"{file}: larger than 4 MiB, so not a list of weights.");
            return BuiltIn.With(File.ReadAllText(file), file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file}: cannot read the list of weights: {error.Message}");
        }
    }

    /// <summary>This list with the entries of a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">Its name, for messages.</param>
    /// <exception cref="UsageException">A key or value is wrong: source, line and key.</exception>
    public WeightsList With(string yaml, string source)
    {
        try
        {
            YamlReader parser = new(yaml);
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _)) return this;   // nothing but comments
            parser.Consume<DocumentStart>();
            parser.Consume<MappingStart>();
            List<ListedWeights> all = [.. All];
            List<KeyValuePair<string, string>> mirrors = [];
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                Scalar key = parser.Consume<Scalar>();
                if (key.Value == "weights") ReadEntries(parser, source, all);
                else if (key.Value == "mirrors") ReadMirrors(parser, source, mirrors);
                else throw new UsageException($"{source}, line {key.Start.Line}: {key.Value}: there is no such key; "
                    + "there are weights and mirrors.");
            }

            return new WeightsList(all, [.. mirrors, .. Mirrors]);
        }
        catch (YamlException error)
        {
            throw new UsageException($"{source}, line {error.Start.Line}: expected 'weights:' with a list of entries, "
                + $"each of lines 'key: value', or 'mirrors:': {error.Message}");
        }
    }

    /// <summary>The entry of a name or alias, or the first one of a model; null where there is none.</summary>
    public ListedWeights? Find(string name) => All.FirstOrDefault(entry => IsCalled(entry, name)) ?? FirstOf(name);

    /// <summary>The entry of a name or alias, or the first one of a model.</summary>
    /// <exception cref="UsageException">There is none; the message has the nearest name.</exception>
    public ListedWeights Require(string name) => Find(name) ?? throw new UsageException(
        $"there are no published weights called '{name}' in the list{Question(name)} 'fovea weights list' prints it.");

    /// <summary>Address that an entry is fetched from: a mirror of the list, of <c>FOVEA_MIRROR</c> or of
    /// <c>HF_ENDPOINT</c>, or its own address.</summary>
    /// <exception cref="UsageException">What a variable says is no address.</exception>
    public Uri PlaceOf(ListedWeights entry)
    {
        string address = entry.Address.AbsoluteUri;
        foreach ((string start, string place) in Mirrors)
            if (address.StartsWith(start, StringComparison.Ordinal)) return new Uri(place + address[start.Length..]);
        if (MirrorOf("FOVEA_MIRROR") is string mirror)
            return new Uri($"{mirror}/{entry.Address.Authority}{entry.Address.PathAndQuery}");
        const string Hub = "https://huggingface.co";
        return address.StartsWith(Hub + "/", StringComparison.Ordinal) && MirrorOf("HF_ENDPOINT") is string endpoint
            ? new Uri(endpoint + address[Hub.Length..]) : entry.Address;
    }

    private string Question(string name)
    {
        string question = NearestName.Question(name, All.SelectMany(entry => entry.Aliases.Prepend(entry.Name))
            .Concat(All.Select(entry => entry.Preset)).Distinct());
        return question.Length > 0 ? question : ".";
    }

    private ListedWeights? FirstOf(string model)
    {
        string? preset = Presets.All.FirstOrDefault(preset => preset.Aliases.Prepend(preset.Name)
            .Contains(model, StringComparer.OrdinalIgnoreCase))?.Name;
        return All.Where(entry => entry.Preset == preset).MaxBy(entry => entry.IsFirst);
    }

    private static bool IsCalled(ListedWeights entry, string name) =>
        entry.Aliases.Prepend(entry.Name).Contains(name, StringComparer.OrdinalIgnoreCase);

    private static string? MirrorOf(string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text) return null;
        return IsAddress(text) ? text.TrimEnd('/')
            : throw new UsageException($"the environment variable {variable} is '{text}', which is no address of a "
                + "server (https://HOST/...).");
    }

    private static bool IsAddress(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? address)
        && (address.Scheme == Uri.UriSchemeHttp || address.Scheme == Uri.UriSchemeHttps);

    private static void ReadMirrors(YamlReader parser, string source, List<KeyValuePair<string, string>> mirrors)
    {
        parser.Consume<MappingStart>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            Scalar start = parser.Consume<Scalar>(), place = parser.Consume<Scalar>();
            if (!IsAddress(start.Value) || !IsAddress(place.Value))
                throw new UsageException($"{source}, line {start.Start.Line}: mirrors: needs lines 'ADDRESS: ADDRESS', "
                    + "the beginnings of addresses in this list and of those to take instead.");
            mirrors.Add(new(start.Value, place.Value));
        }
    }

    private static void ReadEntries(YamlReader parser, string source, List<ListedWeights> all)
    {
        parser.Consume<SequenceStart>();
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            long line = parser.Consume<MappingStart>().Start.Line;
            List<(Scalar Key, string Value)> values = [];
            while (!parser.TryConsume<MappingEnd>(out _))
            {
                Scalar key = parser.Consume<Scalar>();
                values.Add((key, ValueOf(parser)));
            }

            ReadEntry(values, source, line, all, seen);
        }
    }

    /// <summary>A value, or several joined by commas.</summary>
    private static string ValueOf(YamlReader parser)
    {
        if (!parser.TryConsume<SequenceStart>(out _)) return parser.Consume<Scalar>().Value;
        List<string> items = [];
        while (!parser.TryConsume<SequenceEnd>(out _)) items.Add(parser.Consume<Scalar>().Value);
        return string.Join(',', items);
    }

    private static void ReadEntry(List<(Scalar Key, string Value)> values, string source, long line,
        List<ListedWeights> all, HashSet<string> seen)
    {
        string Where(Scalar key) => $"{source}, line {key.Start.Line}: {key.Value}";
        (Scalar Key, string Value) named = values.FirstOrDefault(value => value.Key.Value == "name");
        if (named.Key is null) throw new UsageException($"{source}, line {line}: the entry has no 'name'.");
        HashSet<string> keys = [];
        if (values.FirstOrDefault(value => !keys.Add(value.Key.Value)).Key is Scalar twice)
            throw new UsageException($"{Where(twice)}: is given twice.");
        string name = Told(Where(named.Key), () => ListedKeys.NameOf(named.Value));
        if (!seen.Add(name)) throw new UsageException($"{Where(named.Key)}: '{name}' is in the list twice.");
        int at = all.FindIndex(entry => entry.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        ListedWeights made = at >= 0 ? all[at]
            : new() { Name = name, Preset = "", Address = new Uri("https://nowhere.invalid/none") };
        if (at < 0 && Needed.FirstOrDefault(key => !keys.Contains(key)) is string missing)
            throw new UsageException($"{source}, line {line}: '{name}' is new and has no '{missing}'.");
        if (at >= 0 && keys.Contains("address"))   // of another file, of which nothing is known
            made = made with { Bytes = null, Sha256 = null };
        foreach ((Scalar key, string value) in values.Where(value => value.Key.Value != "name"))
            made = Told(Where(key), () => ListedKeys.Write(made, key.Value, value));
        made = made with { List = source };
        if (at >= 0) all[at] = made;
        else all.Add(made);
    }

    private static T Told<T>(string where, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (UsageException error)
        {
            throw new UsageException($"{where}: {error.Message}");
        }
    }
}

using Fovea.Training.Recipes;

namespace Fovea.Lab.Studies;

/// <summary>One combination of what a study varies; trained once with each seed.</summary>
/// <param name="Label">For people; no two of a study are the same.</param>
/// <param name="Settings">Its own values: those of the axes, or those of an extra configuration.</param>
/// <param name="Where">Place in the study, for messages.</param>
public sealed record Configuration(string Label, IReadOnlyList<Setting> Settings, string Where)
{
    /// <summary>An accuracy that was published for it, 0 to 1; null: none.</summary>
    public double? Published { get; init; }

    /// <summary>All configurations of a study: the grid, the first axis slowest, then the extra ones.</summary>
    /// <exception cref="UsageException">Two are the same, something excluded or published belongs to none, or there are
    /// too many.</exception>
    public static IReadOnlyList<Configuration> Of(Study study)
    {
        const int Most = 10_000;
        double count = study.Vary.Aggregate((double)study.Seeds.Count, (product, axis) => product * axis.Values.Count);
        if (count > Most)
            throw new UsageException($"{study.Source}: {count:G4} runs are more than {Most:#,0}; vary less.");

        List<Configuration> all = [.. Grid(study)];
        foreach (IReadOnlyList<Setting> excluded in study.Exclude)
            if (all.RemoveAll(one => excluded.All(setting => one.Settings.Any(setting.Says))) == 0
                || excluded.Count == 0)
                throw new UsageException(
                    $"{Place(study, excluded)}: 'exclude' names a combination that the grid does not have.");
        all.AddRange(study.Include.Select(extra =>
            new Configuration(extra.Name ?? Join(extra.Settings), extra.Settings, extra.Where)));
        foreach (Override rule in study.Overrides)
            if (!all.Any(one => one.IsMeantBy(study, rule)))
                throw new UsageException(
                    $"{rule.Where}: 'override' is for no configuration of the study; they are {Some(study, all)}.");
        if (all.Count == 0) throw new UsageException($"{study.Source}: 'exclude' leaves nothing to train.");
        if (all.GroupBy(one => one.Label).FirstOrDefault(group => group.Count() > 1) is { } same)
            throw new UsageException(
                $"{same.Last().Where}: there are two configurations '{same.Key}'; leave one out, or give it a 'name'.");
        return WithPublished(study, all);
    }

    /// <summary>Value of an option: the configuration's own setting, or that of the study's overrides, or of its
    /// base.</summary>
    public Setting? Of(Study study, RecipeField field) =>
        AllSettings(study).LastOrDefault(setting => setting.Field == field);

    /// <summary>All that a study says of this configuration, the last word last.</summary>
    internal IEnumerable<Setting> AllSettings(Study study) =>
        [.. study.Base, .. study.Overrides.Where(rule => IsMeantBy(study, rule)).SelectMany(rule => rule.Settings),
            .. Settings];

    private bool IsMeantBy(Study study, Override rule) => rule.When.All(wanted =>
        study.Base.Concat(Settings).LastOrDefault(setting => setting.Field == wanted.Field)?.Says(wanted) ?? false);

    private static IEnumerable<Configuration> Grid(Study study)
    {
        if (study.Vary.Count == 0 && study.Include.Count > 0) return [];
        IEnumerable<IReadOnlyList<Setting>> combinations = [[]];
        foreach (Axis axis in study.Vary)
            combinations = combinations.SelectMany(_ => axis.Values,
                (before, value) => (IReadOnlyList<Setting>)[.. before, value]);
        return combinations.Select(settings =>
        {
            // An axis with one value tells nothing apart.
            IEnumerable<Setting> telling = settings.Where(setting =>
                study.Vary.Single(axis => axis.Field == setting.Field).Values.Count > 1);
            string label = Join(telling.Any() ? telling : settings);
            return new Configuration(label.Length > 0 ? label : study.Name, settings,
                settings.Count > 0 ? settings[^1].Where : study.Source);
        });
    }

    private static string Join(IEnumerable<Setting> settings) =>
        string.Join(", ", settings.Select(setting => setting.Label));

    private static string Place(Study study, IReadOnlyList<Setting> settings) => settings.Count > 0 ? settings[0].Where
        : study.Source;

    /// <summary>Gives each configuration the published value that says most about it.</summary>
    private static Configuration[] WithPublished(Study study, List<Configuration> all)
    {
        double?[] accuracy = new double?[all.Count];
        int[] details = new int[all.Count];
        foreach (Published published in study.Published)
        {
            bool used = false;
            for (int i = 0; i < all.Count; i++)
            {
                int said = Matched(study, all[i], published.Key);
                used |= said > 0;
                if (said > details[i]) (accuracy[i], details[i]) = (published.Accuracy, said);
            }

            if (!used)
                throw new UsageException(
                    $"{published.Where}: '{published.Key}' belongs to no configuration of the study; they are "
                        + $"{Some(study, all)}.");
        }

        return [.. all.Select((one, i) => one with { Published = accuracy[i] })];
    }

    /// <summary>
    /// How many settings of a configuration a key such as <c>model=vit,attention=performer:features=64,kernel=relu</c>
    /// names; 0 where it is another's. Values may hold commas and equals signs themselves, so that the key is compared
    /// with settings instead of being taken apart.
    /// </summary>
    private static int Matched(Study study, Configuration one, string key)
    {
        if (key == one.Label) return int.MaxValue;
        int count = 0;
        string rest = key;
        while (rest.Length > 0)
        {
            string name = rest.Split('=')[0].Trim();
            if (RecipeFields.Find(name) is not RecipeField field || one.Of(study, field) is not Setting setting)
                return 0;
            string value = rest[(rest.IndexOf('=') + 1)..].TrimStart();
            string? named = LeadingValue(value, field, setting);
            if (named is null) return 0;
            rest = value[named.Length..].TrimStart(',', ' ');
            count++;
        }

        return count;
    }

    /// <summary>The part of a text, up to a comma or the end, that is the setting's value, however it is
    /// spelled.</summary>
    private static string? LeadingValue(string text, RecipeField field, Setting setting)
    {
        for (int end = text.Length; end > 0; end = text.LastIndexOf(',', end - 1))
        {
            string part = text[..end];
            if (part.TrimEnd() == setting.Value || Canonical(field, part.TrimEnd()) == setting.Value) return part;
        }

        return null;
    }

    private static string? Canonical(RecipeField field, string text)
    {
        try
        {
            return field.Read(field.Write(Recipe.Default, text, field.Name));
        }
        catch (UsageException)
        {
            return null;
        }
    }

    private static string Some(Study study, List<Configuration> all) =>
        string.Join("; ", all.Take(5).Select(one =>
            string.Join(',', one.Settings.Count > 0 ? one.Settings : study.Base))) + (all.Count > 5 ? "; ..." : "");
}

using Fovea.Lab.Studies;
using Fovea.Server.Studio.Curves;
using Fovea.Server.Studio.Runs;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Server.Studio;

/// <summary>Curves of the configurations of a study: of each epoch the mean over seeds, and how far they
/// spread.</summary>
internal static class StudyCurves
{
    private static readonly string[] Quantities = ["valAccuracy", "valLoss", "trainLoss"];

    /// <summary>The configurations of a study by the names of their cells without the seed.</summary>
    /// <param name="study">The study.</param>
    /// <param name="cells">Its cells.</param>
    /// <param name="curvesOf">The log of a cell.</param>
    public static IReadOnlyList<ConfigurationCurves> Of(Place study, IReadOnlyList<Place> cells,
        Func<Place, RunCurves> curvesOf)
    {
        List<ConfigurationCurves> all = [];
        foreach (IGrouping<string, Place> group in cells.GroupBy(cell => NameOf(study, cell)))
        {
            List<IReadOnlyList<IReadOnlyDictionary<string, double>>> runs = [];
            foreach (Place cell in group)
            {
                RunCurves curves = curvesOf(cell);
                curves.Read();
                runs.Add(curves.Epochs());
            }

            Dictionary<string, IReadOnlyList<EpochSpread>> quantities = [];
            foreach (string quantity in Quantities)
            {
                EpochSpread[] spreads = [.. runs.SelectMany(run => run)
                    .Where(row => row.ContainsKey(quantity)).GroupBy(row => (int)row["epoch"])
                    .OrderBy(rows => rows.Key).Select(rows => EpochSpread.Of(rows.Key,
                        new Spread([.. rows.Select(row => row[quantity])])))];
                if (spreads.Length > 0) quantities[quantity] = spreads;
            }

            all.Add(new(Shown.Line(group.Key), group.Count(), quantities));
        }

        return all;
    }

    /// <summary>The directory's name without its seed, which it ends in.</summary>
    private static string NameOf(Place study, Place cell)
    {
        string name = cell.Id[(study.Id.Length + 1)..];
        name = name[(name.LastIndexOf('/') + 1)..];
        try
        {
            Recipe recipe = RunRecord.ReadRecipe(new RunDirectory(cell.Path));
            string seed = $"{recipe.Run.Seed}";
            if (name.EndsWith(seed, StringComparison.Ordinal))
            {
                string rest = name[..^seed.Length].TrimEnd('-', '_', '=', ',');
                name = rest.EndsWith("seed", StringComparison.Ordinal) ? rest[..^4].TrimEnd('-', '_', ',') : rest;
            }
        }
        catch (FoveaException)
        {
            // its name is its own configuration then
        }

        return name.Length > 0 ? name : cell.Id;
    }
}

/// <summary>Curves of a configuration.</summary>
internal sealed record ConfigurationCurves(string Name, int Runs,
    IReadOnlyDictionary<string, IReadOnlyList<EpochSpread>> Curves);

/// <summary>Values of the seeds after an epoch.</summary>
internal sealed record EpochSpread(int Epoch, int Runs, double Mean, double Low, double High)
{
    public static EpochSpread Of(int epoch, Spread spread)
    {
        double off = double.IsFinite(spread.Std) ? spread.Std : 0;
        return new(epoch, spread.Values.Count, spread.Mean, spread.Mean - off, spread.Mean + off);
    }
}

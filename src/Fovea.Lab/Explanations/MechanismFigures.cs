using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Explanation;
using Fovea.Vision.Tokens;

namespace Fovea.Lab.Explanations;

/// <summary>Figures of single mechanisms: sampling locations, and sums of doubly stochastic attention.</summary>
internal static class MechanismFigures
{
    private const int Queries = 3;

    /// <summary>The figures of the mechanisms that the model has.</summary>
    public static IEnumerable<ExplainedFigure> Of(AttentionTrace trace, PlanarImage seen)
    {
        int[] sampling = [.. Indices(trace, block => block.SamplingLocations is not null)],
            sinkhorn = [.. Indices(trace, block => block.Mechanism is SinkhornAttention)];
        if (sampling.Length > 0) yield return Places(trace, seen, sampling);
        if (sinkhorn.Length > 0) yield return Sums(trace, sinkhorn);
    }

    /// <summary>The mean over heads of what each token gives (row sum) and gets (column sum).</summary>
    internal static (double[] Rows, double[] Columns) Sums(float[] map, int tokens)
    {
        double[] rows = new double[tokens];
        double[] columns = new double[tokens];
        for (int i = 0; i < map.Length; i++)
        {
            rows[i / tokens] += map[i];
            columns[i % tokens] += map[i];
        }

        return (rows, columns);
    }

    private static IEnumerable<int> Indices(AttentionTrace trace, Func<RecordedAttention, bool> has) =>
        Enumerable.Range(0, trace.Blocks.Count).Where(block => has(trace.Blocks[block]));

    private static ExplainedFigure Places(AttentionTrace trace, PlanarImage seen, int[] blocks)
    {
        List<SamplingPanel> panels = [];
        int columns = 1;
        foreach (int block in blocks)
        {
            SamplingLocations places = trace.Blocks[block].SamplingLocations!;
            bool shared = places.Locations.Shape[1] == 1;
            int[] queries = shared ? [0] : [.. Chosen(trace.Grid)];
            columns = Math.Max(columns, queries.Length);
            panels.AddRange(queries.Select(query => Panel(trace, places, block, query, shared)));
        }

        string readers = blocks.All(block => trace.Blocks[block].SamplingLocations!.Weights is null) ? "group" : "head";
        return new("places", new SamplingFigure(HeatMap.Enlarge(seen, 400), panels)
        {
            Title = "Places that attention reads",
            Groups = [
                .. Enumerable.Range(1, blocks.Max(block => trace.Blocks[block].SamplingLocations!.Locations.Shape[2]))
                .Select(number => $"{readers} {number}")],
            Note = blocks.Any(block => trace.Blocks[block].SamplingLocations!.Weights is not null)
                ? "framed: the patch that reads; larger: more weight" : "all heads of a group read at the same places",
            Columns = columns == 1 ? 4 : columns,
        });
    }

    /// <summary>The first token before the patches, where there is one, and patches along the diagonal.</summary>
    private static IEnumerable<int> Chosen(TokenGrid grid) =>
        (grid.Prefix > 0 ? [0] : Array.Empty<int>()).Concat(Enumerable.Range(1, Queries).Select(i =>
            grid.Prefix + grid.Rows * i / (Queries + 1) * grid.Columns + grid.Columns * i / (Queries + 1))).Distinct();

    private static SamplingPanel Panel(AttentionTrace trace, SamplingLocations places, int block, int query,
        bool shared)
    {
        TokenGrid grid = trace.Grid;
        (int heads, int count) = (places.Locations.Shape[2], places.Locations.Shape[3]);
        float[] locations = places.Locations.ToArray();
        float[]? weights = places.Weights?.ToArray();
        SamplingPoint[] read = [.. Enumerable.Range(query * heads * count, heads * count).Select(i =>
            new SamplingPoint(locations[2 * i], locations[2 * i + 1], weights?[i] ?? 1, i / count % heads))];
        if (shared) return new($"block {block + 1}: all queries", read);
        if (query < grid.Prefix) return new($"block {block + 1}: {trace.PrefixNames[query]}", read);
        (int row, int column) = Math.DivRem(query - grid.Prefix, grid.Columns);
        return new($"block {block + 1}: patch {row + 1}, {column + 1}", read,
            ((double)column / grid.Columns, (double)row / grid.Rows, (column + 1.0) / grid.Columns,
                (row + 1.0) / grid.Rows));
    }

    private static ExplainedFigure Sums(AttentionTrace trace, int[] blocks)
    {
        int tokens = trace.Grid.Tokens;
        (int Block, double[] Rows,
            double[] Columns)[] sums = [.. blocks.Select(block => (block, Sums(trace.Map(block), tokens)))
                .Select(pair => (pair.block, pair.Item2.Rows, pair.Item2.Columns))];
        double[] places = [.. Enumerable.Range(1, tokens).Select(i => (double)i)];
        return new("sums", new LineChart
        {
            Title = "Sinkhorn attention: what each token gets (column sums), sorted",
            XLabel = "tokens, those that get most last",
            Size = (720, 320),
            Series = [.. sums.Select(sum => new Series($"block {sum.Block + 1}", places, [.. sum.Columns.Order()]))],
        })
        {
            Table = [["block", "#row sums", "#column sums, smallest", "#largest", "#mean distance from 1"],
                .. sums.Select(sum => (string[])
            [
                $"{sum.Block + 1}", Range(sum.Rows), $"{sum.Columns.Min():0.000}", $"{sum.Columns.Max():0.000}",
                $"{sum.Columns.Average(value => Math.Abs(value - 1)):0.0000}",
            ])],
        };
    }

    private static string Range(double[] sums) => $"{sums.Min():0.0000} to {sums.Max():0.0000}";
}

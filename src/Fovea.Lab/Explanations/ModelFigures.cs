using Fovea.Plotting.Canvas;
using Fovea.Plotting.Images;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Attention.Windows;
using Fovea.Vision.Explanation;
using Fovea.Vision.Tokens;

namespace Fovea.Lab.Explanations;

/// <summary>Figures of a model itself: filters, positions, biases and windows.</summary>
internal static class ModelFigures
{
    private const int MostPositions = 8;
    private const int SheetWidth = 880;

    /// <summary>Windows, positions, filters: those that the model has.</summary>
    public static IReadOnlyList<ExplainedFigure> Of(ImageClassifier model)
    {
        List<ExplainedFigure> figures = [];
        if (model is IAttentionModel attentive)
        {
            TokenGrid grid = attentive.GridOf(model.Config.ImageSize, model.Config.ImageSize);
            figures.AddRange(Windows(attentive, grid));
            using StepScope scope = StepScope.Begin();
            if (attentive.PatchPositions(grid) is { } positions)
                figures.Add(Positions(PositionSimilarity.Of(positions), grid));
        }

        if (FirstFilters.Of(model) is { } filters) figures.Add(Filters(filters));
        return figures;
    }

    private static ExplainedFigure Positions(float[] cosines, TokenGrid grid)
    {
        int[] rows = Some(grid.Rows);
        int[] columns = Some(grid.Columns);
        double low = cosines.Min();
        return new("positions", new ImageGrid
        {
            Title = "Similarity of position embeddings",
            Note = "Each map: the cosine between the position of one patch, named by row and column, and those of all "
                + "patches.",
            Columns = [.. columns.Select(column => $"{column + 1}")],
            Rows = [.. rows.Select(row => new ImageRow($"{row + 1}", [.. columns.Select(column =>
                HeatMap.Of(cosines.AsSpan((row * grid.Columns + column) * grid.Patches, grid.Patches), grid.Rows,
                    grid.Columns, low, 1))]))],
            CellSize = 64,
            Gap = 6,
            Scale = new($"{low:0.00}", "1"),
        });
    }

    /// <summary>All places along an axis, or as many as find room, evenly.</summary>
    private static int[] Some(int size)
    {
        int shown = Math.Min(size, MostPositions);
        return [.. Enumerable.Range(0, shown).Select(i => shown == 1 ? 0 : i * (size - 1) / (shown - 1))];
    }

    private static ExplainedFigure Filters(FirstFilters filters)
    {
        const int PerRow = 8;
        PlanarImage[] images = [.. filters.Filters.Select(filter => Image(filter, filters))];
        return new("filters", new ImageGrid
        {
            Title = filters.Principal
                ? $"Principal filters ({filters.Filters.Count} of {filters.Filters[0].Length})"
                : "Filters of the first layer",
            Note = filters.Principal
                ? $"The {filters.Total} filters of '{filters.Name}' are mixtures of these; the most important first. "
                + "Grey is 0."
                : $"The filters of '{filters.Name}'. Grey is 0.",
            Rows = [.. images.Chunk(PerRow).Select(row => new ImageRow("", row))],
            CellSize = 72,
        });
    }

    /// <summary>Zero is grey, the largest value of the filter 0 or 255. Channels that are neither grey nor colours are
    /// averaged.</summary>
    private static PlanarImage Image(float[] filter, FirstFilters shape)
    {
        float largest = Math.Max(filter.Max(MathF.Abs), 1e-12f);
        int plane = shape.Height * shape.Width;
        if (shape.Channels is not (1 or 3))
            filter = [.. Enumerable.Range(0, plane)
                .Select(i => Enumerable.Range(0, shape.Channels).Average(c => filter[c * plane + i]))];
        return new(Array.ConvertAll(filter, value => (byte)Math.Round(127.5 + 127.5 * value / largest)),
            shape.Channels == 3 ? 3 : 1, shape.Height, shape.Width);
    }

    /// <summary>Windows of the blocks: the tokens that each token sees, and those of the middle patch, epoch by
    /// epoch.</summary>
    private static IEnumerable<ExplainedFigure> Windows(IAttentionModel model, TokenGrid grid)
    {
        (int Block, ILocalAttention Mechanism, Locality Locality)[] local = [.. model.Mechanisms.Index()
            .Where(entry => entry.Item is ILocalAttention { Locality: not null })
            .Select(entry => (entry.Index, (ILocalAttention)entry.Item, ((ILocalAttention)entry.Item).Locality!))];
        if (local.Length == 0) yield break;
        int[] epochs = [.. local.SelectMany(entry => entry.Locality.Stages).Append(local[0].Locality.Epoch).Distinct()
            .Order()];
        List<(List<int> Blocks, int? Head, float[][] Factors)> kinds = [];
        foreach ((int block, ILocalAttention mechanism, Locality locality) in local)
        {
            float[][] factors = [.. epochs
                .Select(epoch => locality.Factors(mechanism.WindowRelation(grid, epoch), epoch))];
            int size = grid.Tokens * grid.Tokens;
            int heads = factors[0].Length / size;
            bool alike = factors.All(all =>
                Enumerable.Range(1, heads - 1)
                    .All(head => all.AsSpan(head * size, size).SequenceEqual(all.AsSpan(0, size))));
            for (int head = 0; head < (alike ? 1 : heads); head++)
            {
                float[][] own = [.. factors.Select(all => all.AsSpan(head * size, size).ToArray())];
                int? name = alike ? null : head;
                List<int>? same = kinds.Find(kind => kind.Head == name
                    && kind.Factors.Zip(own).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second))).Blocks;
                if (same is null) kinds.Add(([block], name, own));
                else same.Add(block);
            }
        }

        int middle = grid.Prefix + grid.Rows / 2 * grid.Columns + grid.Columns / 2;
        string[] columns = [.. epochs
            .Select(epoch => $"epoch {epoch}{(epoch == local[0].Locality.Epoch ? " *" : "")}")];
        int cell = Math.Clamp(SheetWidth / Math.Max(epochs.Length, kinds.Count) - 8, 56, 140);
        yield return Figure("windows", "Windows by block and epoch",
            "Row: the token that looks; column: the token that it may see. * the epoch of these weights.",
            factors => HeatMap.Of(factors, grid.Tokens, grid.Tokens, 0, 1));
        yield return Figure("window-of-a-patch", "What the patch in the middle may see, by block and epoch",
            "Over the patches of the image. * the epoch of these weights.",
            factors => HeatMap.Of(factors.AsSpan(middle * grid.Tokens + grid.Prefix, grid.Patches), grid.Rows,
                grid.Columns, 0, 1));

        ExplainedFigure Figure(string name, string title, string note, Func<float[], PlanarImage> image) =>
            new(name, new ImageGrid
            {
                Title = title,
                Note = note,
                Columns = columns,
                Rows = [.. kinds.Select(kind => new ImageRow(
                Captions.Blocks(kind.Blocks) + (kind.Head is int head ? $", head {head + 1}" : ""),
                [.. kind.Factors.Select(image)]))],
                CellSize = cell,
                Scale = new("0: hidden", "1: seen freely"),
            });
    }
}

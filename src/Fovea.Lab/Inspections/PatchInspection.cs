using System.Globalization;
using Fovea.Data;
using Fovea.Data.Loading;
using Fovea.Lab.Explanations;
using Fovea.Plotting.Canvas;
using Fovea.Plotting.Charts;
using Fovea.Plotting.Images;
using Fovea.Plotting.Text;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Vision;
using Fovea.Vision.Explanation;
using Fovea.Vision.Tokens;

namespace Fovea.Lab.Inspections;

/// <summary>Parts of one image's way through a model replaced by another's; see
/// <see cref="ActivationPatching"/>.</summary>
public static class PatchInspection
{
    private const int MostColumns = 12;
    private const int MapSize = 72;

    /// <summary>Patches the first image with the second.</summary>
    /// <param name="model">A model of blocks.</param>
    /// <param name="images">Two images.</param>
    /// <param name="names">A name for each.</param>
    /// <param name="targets">Names or numbers of the first image's class and of the second's; null: those that the
    /// model says.</param>
    /// <param name="tokens">Token by token too.</param>
    /// <param name="stop">Ends the work after some passes.</param>
    /// <exception cref="UsageException">The model has no blocks, there is no such class, or both classes are
    /// one.</exception>
    public static Inspection Of(TrainedModel model, IImageDataset images, IReadOnlyList<string> names,
        (string? Image, string? Other) targets, bool tokens = true, CancellationToken stop = default)
    {
        IBlockModel blocks = Inspector.Blocks(model, "activation patching");
        IReadOnlyList<string> classes = model.Head.Data.ClassNames;
        int? first = Explainer.ClassOf(targets.Image, classes, "class"),
            second = Explainer.ClassOf(targets.Other, classes, "other-class");
        using StepScope scope = StepScope.Begin();
        List<Tensor> both = [];
        foreach (Batch batch in model.Each(images)) both.Add(batch.ToImages(model.Device));
        ActivationPatching patching = ActivationPatching.Of(blocks, both[0], both[1], tokens, stop);
        int from = first ?? Classification.Best(patching.Image), to = second ?? Classification.Best(patching.Other);
        if (from == to)
            throw new UsageException(
                $"'{classes[from]}' is the class of both images, so that no difference of scores can move; name the "
                    + "classes to compare with `class` and `other-class`, or take other images.");
        double distance = ActivationPatching.Difference(patching.Other, from, to)
            - ActivationPatching.Difference(patching.Image, from, to);
        if (distance == 0)
            throw new UsageException($"both images have the same scores for '{classes[from]}' and '{classes[to]}', so "
                + "that nothing can move; name other classes with `class` and `other-class`.");
        TokenGrid grid = blocks.GridOf(model.Model.Config.ImageSize, model.Model.Config.ImageSize);
        double[,] heads = Effects(patching, patching.Heads, from, to), places = Effects(patching, patching.Tokens, from,
            to);
        return new("patch",
            ["part", "block", "index", "row", "column", "score_difference", "effect"],
            [.. Rows(patching, heads, places, grid, from, to)], Shown(heads, places, grid, blocks.PrefixNames),
            Notes(patching, names, classes, from, to, heads), [.. Figures(heads, places, grid, blocks.PrefixNames,
                classes[from], classes[to])]);
    }

    private static double[,] Effects(ActivationPatching patching, float[][][] scores, int from, int to)
    {
        double[,] effects = new double[scores.Length, scores.Length == 0 ? 0 : scores[0].Length];
        for (int block = 0; block < scores.Length; block++)
            for (int i = 0; i < scores[block].Length; i++)
                effects[block, i] = patching.Effect(scores[block][i], from, to);
        return effects;
    }

    private static IEnumerable<object[]> Rows(ActivationPatching patching, double[,] heads, double[,] places,
        TokenGrid grid, int from, int to)
    {
        for (int block = 0; block < heads.GetLength(0); block++)
            for (int head = 0; head < heads.GetLength(1); head++)
                yield return [head == heads.GetLength(1) - 1 ? "attention" : "head", block + 1, head + 1, "", "",
                    ActivationPatching.Difference(patching.Heads[block][head], from, to), heads[block, head]];
        for (int block = 0; block < places.GetLength(0); block++)
            for (int token = 0; token < places.GetLength(1); token++)
            {
                int patch = token - grid.Prefix;
                bool isPatch = patch >= 0 && patch < grid.Patches;
                yield return [patch < 0 ? "prefix token" : isPatch ? "patch" : "all tokens", block + 1, token + 1,
                    isPatch ? patch / grid.Columns + 1 : "", isPatch ? patch % grid.Columns + 1 : "",
                    ActivationPatching.Difference(patching.Tokens[block][token], from, to), places[block, token]];
            }
    }

    private static List<IReadOnlyList<string>> Shown(double[,] heads, double[,] places, TokenGrid grid,
        IReadOnlyList<string> prefix)
    {
        bool withTokens = places.GetLength(0) > 0;
        List<IReadOnlyList<string>> rows = [[">block", ">strongest head", ">its effect", ">all heads",
            .. withTokens ? (string[])[">strongest token", ">its effect"] : []]];
        for (int block = 0; block < heads.GetLength(0); block++)
        {
            int count = heads.GetLength(1) - 1, at = block;
            int best = Enumerable.Range(0, count).MaxBy(head => Math.Abs(heads[at, head]));
            List<string> row = [$"{block + 1}", $"{best + 1}", Text(heads[block, best]), Text(heads[block, count])];
            if (withTokens)
            {
                int token = Enumerable.Range(0, grid.Tokens).MaxBy(token => Math.Abs(places[at, token]));
                row.Add(NameOf(token, grid, prefix));
                row.Add(Text(places[block, token]));
            }

            rows.Add(row);
        }

        return rows;
    }

    private static string NameOf(int token, TokenGrid grid, IReadOnlyList<string> prefix)
    {
        if (token < grid.Prefix) return prefix[token];
        (int row, int column) = Math.DivRem(token - grid.Prefix, grid.Columns);
        return $"patch {row + 1}, {column + 1}";
    }

    private static string[] Notes(ActivationPatching patching, IReadOnlyList<string> names,
        IReadOnlyList<string> classes, int from, int to, double[,] heads)
    {
        string Difference(float[] scores) =>
            ActivationPatching.Difference(scores, from, to).ToString("+0.00;-0.00", CultureInfo.InvariantCulture);
        int count = heads.GetLength(1) - 1;
        (int block, int head) = Enumerable.Range(0, heads.GetLength(0) * count)
            .Select(i => (i / count, i % count)).MaxBy(at => Math.Abs(heads[at.Item1, at.Item2]));
        return
        [
            $"score of '{classes[to]}' less that of '{classes[from]}': {Difference(patching.Image)} for {names[0]}, "
                + $"{Difference(patching.Other)} for {names[1]}. An effect of 0 leaves the answer where it is, 1 moves "
                + "it to the other image's.",
            $"the head with the strongest effect: head {head + 1} of block {block + 1}, {Text(heads[block, head])}.",
        ];
    }

    private static IEnumerable<ExplainedFigure> Figures(double[,] heads, double[,] places, TokenGrid grid,
        IReadOnlyList<string> prefix, string from, string to)
    {
        string[] blocks = [.. Enumerable.Range(1, heads.GetLength(0)).Select(block => $"{block}")];
        int count = heads.GetLength(1) - 1;
        yield return new("patch-heads", new ValueMatrix(blocks,
            [.. Enumerable.Range(1, count).Select(head => $"{head}"), "all"], heads)
        {
            Title = $"From '{from}' to '{to}': effect of each head",
            Note = "A head's output, for all tokens, is replaced by the other image's. 0: the answer stays, 1: it "
                + "becomes the other image's.",
            RowLabel = "block",
            ColumnLabel = "head",
        });
        if (places.GetLength(0) == 0) yield break;
        double[] all = [.. Enumerable.Range(0, places.GetLength(0)).SelectMany(block =>
            Enumerable.Range(0, grid.Tokens).Select(token => places[block, token]))];
        (double low, double high) = (Math.Min(0, all.Min()), all.Max());
        List<ImageRow> rows = [];
        for (int first = 0; first < blocks.Length; first += MostColumns)
        {
            int[] some = [.. Enumerable.Range(first, Math.Min(MostColumns, blocks.Length - first))];
            string name = blocks.Length > MostColumns ? $", blocks {first + 1} to {some[^1] + 1}" : "";
            for (int token = 0; token < grid.Prefix; token++)
                rows.Add(new(prefix[token] + name, [.. some.Select(block => Map(block, token, 1, 1))]));
            rows.Add(new("patches" + name,
                [.. some.Select(block => Map(block, grid.Prefix, grid.Rows, grid.Columns))]));
        }

        yield return new("patch-tokens", new ImageGrid
        {
            Title = $"From '{from}' to '{to}': effect of each token, by block",
            Note = "A token behind a block is replaced by the other image's. 0: the answer stays, 1: it becomes the "
                + "other image's.",
            Columns = [.. blocks.Take(MostColumns)
                .Select(block => blocks.Length > MostColumns ? "" : $"block {block}")],
            Rows = rows,
            CellSize = MapSize,
            Scale = new(ValueText.Significant(low, 2), ValueText.Significant(high, 2)),
        });

        PlanarImage Map(int block, int start, int height, int width) => HeatMap.Of(
            [.. Enumerable.Range(start, height * width).Select(token => (float)places[block, token])], height, width,
            low, high);
    }

    private static string Text(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}

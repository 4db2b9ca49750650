using Fovea.Data.Loading;

namespace Fovea.Training.Evaluation;

/// <summary>Scores of images that have several classes each, in their order.</summary>
/// <param name="classes">Number of classes.</param>
/// <param name="sets">Sets of classes; labels are numbers of these.</param>
internal sealed class MultiLabelScores(int classes, IReadOnlyList<IReadOnlyList<int>> sets)
{
    private readonly List<float[]> _rows = [];

    /// <summary>Numbers of an image: its label in two halves, which floats hold exactly, and its scores.</summary>
    public int RowLength => classes + 2;

    /// <summary>Adds the scores of a batch to a list of rows.</summary>
    public void Add(float[] logits, Batch batch, List<float> rows)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            rows.Add(batch.Labels[i] >> 16);
            rows.Add(batch.Labels[i] & 0xFFFF);
            rows.AddRange(logits.AsSpan(i * classes, classes));
        }
    }

    /// <summary>Adds rows to the result.</summary>
    public void Add(float[] rows) => _rows.AddRange(rows.Chunk(RowLength));

    public EvaluationResult ToResult()
    {
        int count = Math.Max(1, _rows.Count), exact = 0;
        double loss = 0;
        int[] labels = [.. _rows.Select(row => ((int)row[0] << 16) | (int)row[1])];
        for (int i = 0; i < _rows.Count; i++)
        {
            ReadOnlySpan<float> scores = _rows[i].AsSpan(2);
            exact += Classification.CountCorrect(scores, [labels[i]], sets);
            double own = 0;
            foreach (float score in scores) own += Softplus(score);
            foreach (int label in sets[labels[i]]) own -= scores[label];
            loss += own / classes;
        }

        double share = (double)exact / count;
        return new()
        {
            Loss = loss / count,
            Top1 = share,
            Top5 = share,
            Confusion = new int[0, 0],
            Labels = [],
            Predicted = [],
            Probability = [],
            MultiLabel = new(_rows.Count, [.. Enumerable.Range(0, classes).Select(label => Of(label, labels))]),
        };
    }

    private ClassResult Of(int label, int[] labels)
    {
        float[] scores = [.. _rows.Select(row => row[label + 2])];
        bool[] has = [.. labels.Select(set => sets[set].Contains(label))];
        return new(has.Count(one => one), AveragePrecision.Of(scores, has), scores.Count(score => score > 0),
            scores.Zip(has).Count(pair => pair.First > 0 && pair.Second));
    }

    /// <summary>log(1 + eˣ) without overflow.</summary>
    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}

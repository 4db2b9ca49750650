namespace Fovea.Training.Evaluation;

/// <summary>Turns class scores into classes and probabilities, on the host.</summary>
public static class Classification
{
    /// <summary>The class with the highest score; the first of several.</summary>
    public static int Best(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int c = 1; c < scores.Length; c++)
            if (scores[c] > scores[best]) best = c;
        return best;
    }

    /// <summary>Rows of <paramref name="scores"/> <c>[row, classes]</c> whose highest score is at their
    /// label.</summary>
    public static int CountCorrect(ReadOnlySpan<float> scores, ReadOnlySpan<int> labels)
    {
        int right = 0;
        int classes = labels.Length == 0 ? 0 : scores.Length / labels.Length;
        for (int i = 0; i < labels.Length; i++)
            if (Best(scores.Slice(i * classes, classes)) == labels[i]) right++;
        return right;
    }

    /// <summary>Rows of <paramref name="scores"/> <c>[row, classes]</c> that are right: their label has the highest
    /// score; where labels are sets of classes, exactly the set's classes have scores above 0, probabilities above a
    /// half.</summary>
    /// <param name="scores">Before the softmax, or before the sigmoid.</param>
    /// <param name="labels">Of each row.</param>
    /// <param name="sets">Sets of classes; null: labels are classes.</param>
    public static int CountCorrect(ReadOnlySpan<float> scores, ReadOnlySpan<int> labels,
        IReadOnlyList<IReadOnlyList<int>>? sets)
    {
        if (sets is null) return CountCorrect(scores, labels);
        int right = 0, classes = labels.Length == 0 ? 0 : scores.Length / labels.Length;
        for (int i = 0; i < labels.Length; i++)
            if (IsExact(scores.Slice(i * classes, classes), sets[labels[i]])) right++;
        return right;
    }

    /// <summary>Targets of each class by itself, <c>[row, classes]</c>.</summary>
    /// <param name="sets">Sets of classes.</param>
    /// <param name="labels">The set of each row.</param>
    /// <param name="classes">Number of classes.</param>
    /// <param name="on">Of classes of the set.</param>
    /// <param name="off">Of the others.</param>
    public static float[] Targets(IReadOnlyList<IReadOnlyList<int>> sets, ReadOnlySpan<int> labels, int classes,
        float on = 1, float off = 0)
    {
        float[] targets = new float[labels.Length * classes];
        Array.Fill(targets, off);
        for (int i = 0; i < labels.Length; i++)
            foreach (int label in sets[labels[i]]) targets[i * classes + label] = on;
        return targets;
    }

    /// <summary>Sigmoid of each score.</summary>
    public static double[] Sigmoid(ReadOnlySpan<float> scores)
    {
        double[] probabilities = new double[scores.Length];
        for (int c = 0; c < scores.Length; c++) probabilities[c] = 1 / (1 + Math.Exp(-scores[c]));
        return probabilities;
    }

    private static bool IsExact(ReadOnlySpan<float> scores, IReadOnlyList<int> set)
    {
        int above = 0;
        foreach (float score in scores)
            if (score > 0) above++;
        if (above != set.Count) return false;
        foreach (int label in set)
            if (!(scores[label] > 0)) return false;
        return true;
    }

    /// <summary>log Σ eˣ without overflow.</summary>
    public static double LogSumOfExponentials(ReadOnlySpan<float> scores)
    {
        double highest = scores[Best(scores)];
        double sum = 0;
        foreach (float score in scores) sum += Math.Exp(score - highest);
        return highest + Math.Log(sum);
    }

    /// <summary>Softmax of the scores.</summary>
    public static double[] Probabilities(ReadOnlySpan<float> scores)
    {
        double logSum = LogSumOfExponentials(scores);
        double[] probabilities = new double[scores.Length];
        for (int c = 0; c < scores.Length; c++) probabilities[c] = Math.Exp(scores[c] - logSum);
        return probabilities;
    }
}

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

namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void CrossEntropy(in CrossEntropyArguments arguments, Storage logits, Storage losses)
    {
        int columns = arguments.Columns;
        double[] x = Values(logits), to = Values(losses);
        for (int row = 0; row < arguments.Rows; row++)
        {
            (double largest, double logSum) = LogSumExp(x.AsSpan(row * columns, columns));
            double loss = 0;
            for (int column = 0; column < columns; column++)
            {
                double target = WeightedTarget(arguments, row, column);
                // a masked class, logit −∞, costs nothing
                if (target != 0) loss -= target * (x[row * columns + column] - largest - logSum);
            }

            to[row] = loss;
        }
    }

    /// <summary>With p = softmax(x): dx_c = dloss · (p_c Σ_k w_k t_k − w_c t_c).</summary>
    public override void CrossEntropyBackward(
        in CrossEntropyArguments arguments, Storage logits, Storage dlosses, Target dlogits)
    {
        int columns = arguments.Columns;
        double[] x = Values(logits), dloss = Values(dlosses), to = Values(dlogits);
        for (int row = 0; row < arguments.Rows; row++)
        {
            (double largest, double logSum) = LogSumExp(x.AsSpan(row * columns, columns));
            double total = 0;
            for (int column = 0; column < columns; column++) total += WeightedTarget(arguments, row, column);
            for (int column = 0; column < columns; column++)
            {
                int i = row * columns + column;
                double probability = Math.Exp(x[i] - largest - logSum);
                Put(ref to[i], dloss[row] * (probability * total - WeightedTarget(arguments, row, column)),
                    dlogits.Accumulate);
            }
        }
    }

    /// <summary>w_c t_c, with t = (1−s) · onehot(label) + s/C or the soft target.</summary>
    private static double WeightedTarget(in CrossEntropyArguments arguments, int row, int column)
    {
        double weight = arguments.ClassWeights is null ? 1 : Values(arguments.ClassWeights)[column];
        if (arguments.Targets is not null) return weight * Values(arguments.Targets)[row * arguments.Columns + column];
        double smoothing = arguments.Smoothing;
        bool isLabel = (int)Values(arguments.Labels!)[row] == column;
        return weight * ((isLabel ? 1 - smoothing : 0) + smoothing / arguments.Columns);
    }
}

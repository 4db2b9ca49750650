namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void LayerNorm(
        Storage x, Storage gamma, Storage? beta, Storage y, Storage? mean, Storage rstd, int rows, int columns,
        float epsilon)
    {
        Statistics(Values(x), mean, rstd, rows, columns, epsilon);
        Normalise(Values(x), Values(gamma), Maybe(beta), Values(y), Maybe(mean), Values(rstd), rows, columns);
    }

    public override void LayerNormBackward(
        Storage x, Storage gamma, Storage? mean, Storage rstd, Storage dy, int rows, int columns,
        in LinearInputGradients gradients) =>
        LayerNormBackward(Values(x), Values(gamma), Maybe(mean), Values(rstd), Values(dy), rows, columns, gradients);

    public override void Softmax(Storage x, Storage y, int rows, int columns, bool logarithm)
    {
        double[] from = Values(x), to = Values(y);
        for (int row = 0; row < rows; row++)
        {
            (double largest, double logSum) = LogSumExp(from.AsSpan(row * columns, columns));
            for (int i = row * columns; i < (row + 1) * columns; i++)
            {
                double logProbability = from[i] - largest - logSum;
                to[i] = logarithm ? logProbability : Math.Exp(logProbability);
            }
        }
    }

    /// <summary>With s = Σ dy y: dx = y (dy − s). Of the logarithm, with s = Σ dy: dx = dy − eʸ s.</summary>
    public override void SoftmaxBackward(Storage y, Storage dy, Target dx, int rows, int columns, bool logarithm)
    {
        double[] result = Values(y), from = Values(dy), to = Values(dx);
        for (int row = 0; row < rows; row++)
        {
            double sum = 0;
            for (int i = row * columns; i < (row + 1) * columns; i++) sum += logarithm ? from[i] : from[i] * result[i];
            for (int i = row * columns; i < (row + 1) * columns; i++)
                Put(ref to[i], logarithm ? from[i] - Math.Exp(result[i]) * sum : result[i] * (from[i] - sum),
                    dx.Accumulate);
        }
    }

    /// <summary>
    /// log Σ exp(x) in two parts to be added: the largest element m, taken out so that nothing overflows, and log Σ
    /// exp(x − m), which a large m would swallow. So log softmax(x) is (x − m) − log Σ exp(x − m).
    /// </summary>
    private static (double Largest, double LogSum) LogSumExp(ReadOnlySpan<double> x)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (double value in x) largest = Math.Max(largest, value);
        foreach (double value in x) sum += Math.Exp(value - largest);
        return (largest, Math.Log(sum));
    }

    /// <summary>Mean and 1/√(variance + ε) of each row; the variance is the biased one, divided by n.</summary>
    private static void Statistics(double[] x, Storage? mean, Storage rstd, int rows, int columns, float epsilon)
    {
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<double> values = x.AsSpan(row * columns, columns);
            double sum = 0, squares = 0;
            foreach (double value in values) sum += value;
            double average = mean is null ? 0 : sum / columns;
            foreach (double value in values) squares += (value - average) * (value - average);
            if (mean is not null) Values(mean)[row] = average;
            Values(rstd)[row] = 1 / Math.Sqrt(squares / columns + epsilon);
        }
    }

    private static double[]? Maybe(Storage? storage) => storage is null ? null : Values(storage);

    private static void Normalise(double[] x, double[] gamma, double[]? beta, double[] y, double[]? mean,
        double[] rstd, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
            for (int column = 0; column < columns; column++)
            {
                int i = row * columns + column;
                y[i] = (x[i] - (mean?[row] ?? 0)) * rstd[row] * gamma[column] + (beta?[column] ?? 0);
            }
    }

    /// <summary>
    /// With u = (x − mean) · rstd and g = dy · gamma: dbeta = Σ_r dy, dgamma = Σ_r dy · u, dx = rstd · (g − mean(g) − u
    /// · mean(g · u)). RMS norm has no mean: u = x · rstd, and mean(g) is left out.
    /// </summary>
    private static void LayerNormBackward(
        double[] x, double[] gamma, double[]? mean, double[] rstd, double[] dy, int rows, int columns,
        in LinearInputGradients gradients)
    {
        double[] dgamma = new double[columns], dbeta = new double[columns], u = new double[columns],
            g = new double[columns];
        for (int row = 0; row < rows; row++)
        {
            double meanG = 0, meanGu = 0;
            for (int column = 0; column < columns; column++)
            {
                int i = row * columns + column;
                u[column] = (x[i] - (mean?[row] ?? 0)) * rstd[row];
                g[column] = dy[i] * gamma[column];
                if (mean is not null) meanG += g[column] / columns;
                meanGu += g[column] * u[column] / columns;
                dgamma[column] += dy[i] * u[column];
                dbeta[column] += dy[i];
            }

            if (gradients.Dx is not { } dx) continue;
            for (int column = 0; column < columns; column++)
                Put(ref Values(dx)[row * columns + column], rstd[row] * (g[column] - meanG - u[column] * meanGu),
                    dx.Accumulate);
        }

        for (int column = 0; column < columns; column++)
        {
            if (gradients.Dgamma is { } ofGamma) Put(ref Values(ofGamma)[column], dgamma[column], ofGamma.Accumulate);
            if (gradients.Dbeta is { } ofBeta) Put(ref Values(ofBeta)[column], dbeta[column], ofBeta.Accumulate);
        }
    }
}

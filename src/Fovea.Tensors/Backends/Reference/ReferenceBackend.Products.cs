namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void MatMul(in MatMulArguments arguments)
    {
        (_, _, _, int batch, int rows, int columns, int inner, bool transposeA, bool transposeB, _) = arguments;
        double[] a = Values(arguments.A), b = Values(arguments.B), c = Values(arguments.C);
        for (int n = 0; n < batch; n++)
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < columns; column++)
                {
                    double sum = 0;
                    for (int k = 0; k < inner; k++)
                    {
                        int ofA = transposeA ? k * rows + row : row * inner + k;
                        int ofB = transposeB ? column * inner + k : k * columns + column;
                        sum += a[n * rows * inner + ofA] * b[n * inner * columns + ofB];
                    }

                    Put(ref c[(n * rows + row) * columns + column], arguments.Scale * sum, arguments.C.Accumulate);
                }
    }

    public override void Linear(in LinearArguments arguments, Storage y)
    {
        if (arguments.Input == LinearInput.LayerNorm)
            Statistics(Values(arguments.X), arguments.Mean, arguments.Rstd!, arguments.Rows, arguments.In,
                arguments.Epsilon);
        double[] f = InputOf(arguments), w = Values(arguments.Weight), to = Values(y);
        double[]? bias = arguments.Bias is null ? null : Values(arguments.Bias);
        double[]? residual = arguments.Residual is null ? null : Values(arguments.Residual);
        for (int row = 0; row < arguments.Rows; row++)
            for (int column = 0; column < arguments.Out; column++)
            {
                double sum = 0;
                for (int k = 0; k < arguments.In; k++) sum += f[row * arguments.In + k] * w[column * arguments.In + k];
                int i = row * arguments.Out + column;
                to[i] = sum + (bias?[column] ?? 0) + (residual?[i] ?? 0);
            }
    }

    public override void LinearBackwardInput(in LinearArguments arguments, Storage dy,
        in LinearInputGradients gradients)
    {
        (int rows, int inner, int columns) = (arguments.Rows, arguments.In, arguments.Out);
        double[] from = Values(dy), w = Values(arguments.Weight), x = Values(arguments.X),
            df = new double[rows * inner];
        for (int row = 0; row < rows; row++)
            for (int k = 0; k < inner; k++)
                for (int column = 0; column < columns; column++)
                    df[row * inner + k] += from[row * columns + column] * w[column * inner + k];

        if (arguments.Input == LinearInput.LayerNorm)
        {
            LayerNormBackward(x, Values(arguments.Gamma!), Maybe(arguments.Mean), Values(arguments.Rstd!), df, rows,
                inner, gradients);
            return;
        }

        Target target = gradients.Dx!.Value;
        double[] dx = Values(target);
        for (int i = 0; i < df.Length; i++)
        {
            double slope = arguments.Input == LinearInput.Activation
                ? ScalarFunctions.Derivative(arguments.Activation, x[i]) : 1;
            Put(ref dx[i], df[i] * slope, target.Accumulate);
        }
    }

    public override void LinearBackwardWeight(
        in LinearArguments arguments, Storage dy, Target dw, Target? dbias)
    {
        if (dbias is { } target) ColumnSums(dy, target, arguments.Rows, arguments.Out);
        double[] f = InputOf(arguments), from = Values(dy), to = Values(dw);
        for (int column = 0; column < arguments.Out; column++)
            for (int k = 0; k < arguments.In; k++)
            {
                double sum = 0;
                for (int row = 0; row < arguments.Rows; row++)
                    sum += from[row * arguments.Out + column] * f[row * arguments.In + k];
                Put(ref to[column * arguments.In + k], sum, dw.Accumulate);
            }
    }

    public override void ColumnSums(Storage x, Target y, int rows, int columns)
    {
        double[] from = Values(x), to = Values(y);
        for (int column = 0; column < columns; column++)
        {
            double sum = 0;
            for (int row = 0; row < rows; row++) sum += from[row * columns + column];
            Put(ref to[column], sum, y.Accumulate);
        }
    }

    /// <summary>f(x) <c>[rows, in]</c>; a layer norm's statistics are known already.</summary>
    private static double[] InputOf(in LinearArguments arguments)
    {
        double[] x = Values(arguments.X);
        if (arguments.Input == LinearInput.Identity) return x;
        double[] f = new double[arguments.Rows * arguments.In];
        if (arguments.Input == LinearInput.Activation)
            for (int i = 0; i < f.Length; i++) f[i] = ScalarFunctions.Value(arguments.Activation, x[i]);
        else
            Normalise(x, Values(arguments.Gamma!), Maybe(arguments.Beta), f, Maybe(arguments.Mean),
                Values(arguments.Rstd!),
                arguments.Rows, arguments.In);
        return f;
    }
}

using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision.Tests.Support;

/// <summary>A model's layers by their formulas, in double, from its weights by name: what whole models are compared
/// with. Rows are tokens, columns their elements; images are <c>[channel][row, column]</c>.</summary>
internal sealed class DoubleModel
{
    private readonly Dictionary<string, (int[] Shape, double[] Values)> _state;

    /// <summary>Takes a model's weights, after having made them all random, so that each counts.</summary>
    public DoubleModel(ImageClassifier model)
    {
        foreach ((string name, NamedTensor tensor) in model.NamedState())
        {
            if (tensor is ModuleBuffer { Drawn: true }) continue;
            Philox random = Philox.For(11, name);
            float width = tensor.Shape.Rank > 1 ? 1 / MathF.Sqrt(tensor.Shape.Elements / tensor.Shape[0]) : 0.3f;
            bool isScale = tensor.Shape.Rank == 1 && name.EndsWith("weight", StringComparison.Ordinal)
                || name.EndsWith("running_var", StringComparison.Ordinal);
            float[] values = new float[tensor.Shape.Elements];
            for (int i = 0; i < values.Length; i++)
                values[i] = (isScale ? 1 : 0)
                + (isScale ? 0.3f : 1.5f * width) * (2 * (float)random.Uniform((ulong)i) - 1);
            tensor.Value.CopyFrom(values);
        }

        _state = model.NamedState().ToDictionary(entry => entry.Name, entry => ((int[])[.. entry.Tensor.Shape],
            (double[])[.. entry.Tensor.Value.ToArray().Select(value => (double)value)]));
    }

    public double[] this[string name] => _state[name].Values;

    public bool Has(string name) => _state.ContainsKey(name);

    public int[] ShapeOf(string name) => _state[name].Shape;

    /// <summary>x wᵀ + b.</summary>
    public double[][] Linear(double[][] x, string name) => Linear(x, this[$"{name}.weight"],
        Has($"{name}.bias") ? this[$"{name}.bias"] : null);

    public static double[][] Linear(double[][] x, double[] weight, double[]? bias)
    {
        int inputs = x[0].Length, outputs = weight.Length / inputs;
        return [.. x.Select(row => Enumerable.Range(0, outputs).Select(o =>
        {
            double sum = bias?[o] ?? 0;
            for (int i = 0; i < inputs; i++) sum += row[i] * weight[o * inputs + i];
            return sum;
        }).ToArray())];
    }

    public double[][] LayerNorm(double[][] x, string name, double epsilon) => [.. x.Select(row =>
    {
        double mean = row.Average(), variance = row.Average(value => (value - mean) * (value - mean));
        return row.Select((value, i) => (value - mean) / Math.Sqrt(variance + epsilon) * this[$"{name}.weight"][i]
            + this[$"{name}.bias"][i]).ToArray();
    })];

    /// <summary>fc2(f(fc1(x))).</summary>
    public double[][] Mlp(double[][] x, string name, Func<double, double> activation) =>
        Linear(Each(Linear(x, $"{name}.fc1"), activation), $"{name}.fc2");

    /// <summary>softmax(q·k scale + bias) v of one head, over the keys that <paramref name="isSeen"/> lets
    /// see.</summary>
    public static double[][] Attention(double[][] q, double[][] k, double[][] v, double scale,
        Func<int, int, double>? bias = null, Func<int, int, bool>? isSeen = null) => [.. q.Select((query, i) =>
    {
        double[] weights = [.. k.Select((key, j) => isSeen?.Invoke(i, j) == false ? 0
            : Math.Exp(Dot(query, key) * scale + (bias?.Invoke(i, j) ?? 0)))];
        double sum = weights.Sum();
        return Enumerable.Range(0, v[0].Length).Select(d => weights.Select((w, j) => w * v[j][d]).Sum() / sum)
            .ToArray();
    })];

    /// <summary>Heads of a packed projection beside each other.</summary>
    public static double[][] Heads(double[][] packed, int parts, int heads,
        Func<int, double[][][], double[][]> attend)
    {
        int width = packed[0].Length / parts / heads;
        double[][][] results = [.. Enumerable.Range(0, heads).Select(head => attend(head,
            [.. Enumerable.Range(0, parts).Select(part => packed.Select(row =>
                row[((part * heads + head) * width)..((part * heads + head + 1) * width)]).ToArray())]))];
        return [.. packed.Select((_, i) => results.SelectMany(head => head[i]).ToArray())];
    }

    /// <summary>Convolution with zeros around the image, groups of channels apart.</summary>
    public double[][,] Convolution(double[][,] x, string name, int stride, int top, int left, int rows, int columns,
        int groups = 1, double[]? weights = null)
    {
        int[] shape = ShapeOf($"{name}.weight");
        (int outputs, int inputs, int kernel) = (shape[0], shape[1], shape[2]);
        double[] weight = weights ?? this[$"{name}.weight"];
        double[]? bias = Has($"{name}.bias") ? this[$"{name}.bias"] : null;
        return [.. Enumerable.Range(0, outputs).Select(o =>
        {
            double[,] y = new double[rows, columns];
            for (int r = 0; r < rows; r++)
                for (int c = 0; c < columns; c++)
                {
                    double sum = bias?[o] ?? 0;
                    for (int i = 0; i < inputs; i++)
                        for (int kr = 0; kr < kernel; kr++)
                            for (int kc = 0; kc < kernel; kc++)
                            {
                                double[,] channel = x[o / (outputs / groups) * inputs + i];
                                (int row, int column) = (r * stride + kr - top, c * stride + kc - left);
                                if (row >= 0 && column >= 0 && row < channel.GetLength(0)
                                    && column < channel.GetLength(1))
                                    sum += channel[row, column] * weight[((o * inputs + i) * kernel + kr) * kernel
                                        + kc];
                            }

                    y[r, c] = sum;
                }

            return y;
        })];
    }

    /// <summary>An image of channels as tokens, row by row.</summary>
    public static double[][] Tokens(double[][,] image)
    {
        (int rows, int columns) = (image[0].GetLength(0), image[0].GetLength(1));
        return [.. Enumerable.Range(0, rows * columns).Select(i =>
            image.Select(channel => channel[i / columns, i % columns]).ToArray())];
    }

    /// <summary>Tokens as an image of channels.</summary>
    public static double[][,] Image(double[][] tokens, int rows, int columns) =>
        [.. Enumerable.Range(0, tokens[0].Length).Select(channel =>
        {
            double[,] image = new double[rows, columns];
            for (int i = 0; i < tokens.Length; i++) image[i / columns, i % columns] = tokens[i][channel];
            return image;
        })];

    /// <summary>An image <c>[1, channel, height, width]</c>.</summary>
    public static double[][,] Image(Tensor image)
    {
        float[] values = image.ToArray();
        (int channels, int rows, int columns) = (image.Shape[1], image.Shape[2], image.Shape[3]);
        return [.. Enumerable.Range(0, channels).Select(channel =>
        {
            double[,] y = new double[rows, columns];
            for (int i = 0; i < rows * columns; i++)
                y[i / columns, i % columns] = values[channel * rows * columns + i];
            return y;
        })];
    }

    public static double[][] Add(double[][] a, double[][] b) =>
        [.. a.Zip(b, (x, y) => x.Zip(y, (p, q) => p + q).ToArray())];

    public static double[][] Each(double[][] x, Func<double, double> f) =>
        [.. x.Select(row => row.Select(f).ToArray())];

    public static double[] Mean(IEnumerable<double[]> rows)
    {
        double[][] all = [.. rows];
        return [.. Enumerable.Range(0, all[0].Length).Select(i => all.Average(row => row[i]))];
    }

    public static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    public static double Silu(double x) => x / (1 + Math.Exp(-x));

    public static double Gelu(double x) => x * 0.5 * (1 + Erf(x / Math.Sqrt(2)));

    public static double GeluTanh(double x) =>
        0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    /// <summary>2/√π Σ_n (−1)ⁿ x^(2n+1) / (n! (2n+1)).</summary>
    private static double Erf(double x)
    {
        if (Math.Abs(x) > 5) return Math.Sign(x);
        double sum = x, power = x;
        for (int n = 1; n < 120; n++)
        {
            power *= -x * x / n;
            sum += power / (2 * n + 1);
        }

        return 2 / Math.Sqrt(Math.PI) * sum;
    }
}

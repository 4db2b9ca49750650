namespace Fovea.Tensors.Backends.Reference;

/// <summary>The functions of one and two elements, in double.</summary>
internal static class ScalarFunctions
{
    private static readonly double TanhFactor = Math.Sqrt(2 / Math.PI);

    /// <summary>f(x).</summary>
    public static double Value(UnaryOperator f, double x) => f switch
    {
        UnaryOperator.Gelu => x * NormalCdf(x),
        UnaryOperator.GeluTanh => 0.5 * x * (1 + Math.Tanh(TanhFactor * (x + 0.044715 * x * x * x))),
        UnaryOperator.Relu => Math.Max(x, 0),
        UnaryOperator.Silu => x * Sigmoid(x),
        UnaryOperator.Elu => x > 0 ? x : ExpMinus1(x),
        UnaryOperator.Sigmoid => Sigmoid(x),
        UnaryOperator.Tanh => Math.Tanh(x),
        UnaryOperator.Softplus => Math.Max(x, 0) + LogPlus1(Math.Exp(-Math.Abs(x))),   // eˣ alone would overflow
        UnaryOperator.Exp => Math.Exp(x),
        UnaryOperator.Log => Math.Log(x),
        UnaryOperator.Sqrt => Math.Sqrt(x),
        UnaryOperator.Square => x * x,
        UnaryOperator.Abs => Math.Abs(x),
        UnaryOperator.Sin => Math.Sin(x),
        UnaryOperator.Cos => Math.Cos(x),
        _ => throw new ArgumentOutOfRangeException(nameof(f), f, null),
    };

    /// <summary>f'(x); at the kinks of relu and abs 0, of elu 1.</summary>
    public static double Derivative(UnaryOperator f, double x) => f switch
    {
        UnaryOperator.Gelu => NormalCdf(x) + x * Math.Exp(-0.5 * x * x) / Math.Sqrt(2 * Math.PI),
        UnaryOperator.GeluTanh => GeluTanhDerivative(x),
        UnaryOperator.Relu => x > 0 ? 1 : 0,
        UnaryOperator.Silu => Sigmoid(x) * (1 + x * Sigmoid(-x)),
        UnaryOperator.Elu => x > 0 ? 1 : Math.Exp(x),
        UnaryOperator.Sigmoid => Sigmoid(x) * Sigmoid(-x),
        UnaryOperator.Tanh => 1 - Math.Tanh(x) * Math.Tanh(x),
        UnaryOperator.Softplus => Sigmoid(x),
        UnaryOperator.Exp => Math.Exp(x),
        UnaryOperator.Log => 1 / x,
        UnaryOperator.Sqrt => 0.5 / Math.Sqrt(x),
        UnaryOperator.Square => 2 * x,
        UnaryOperator.Abs => x > 0 ? 1 : x < 0 ? -1 : 0,
        UnaryOperator.Sin => Math.Cos(x),
        UnaryOperator.Cos => -Math.Sin(x),
        _ => throw new ArgumentOutOfRangeException(nameof(f), f, null),
    };

    /// <summary>a ∘ b; the larger and the smaller of a number and NaN is NaN.</summary>
    public static double Value(BinaryOperator f, double a, double b) => f switch
    {
        BinaryOperator.Add => a + b,
        BinaryOperator.Subtract => a - b,
        BinaryOperator.Multiply => a * b,
        BinaryOperator.Divide => a / b,
        BinaryOperator.Maximum => Math.Max(a, b),
        BinaryOperator.Minimum => Math.Min(a, b),
        BinaryOperator.GreaterOrEqual => a >= b ? 1 : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(f), f, null),
    };

    /// <summary>The complementary error function, relative error below 1e-13 everywhere and absolute below
    /// 1e-15.</summary>
    /// <remarks>
    /// Below 2 from erf(x) = 2/√π e^(−x²) Σ_n 2ⁿ x^(2n+1) / (1·3·…·(2n+1)), whose terms are all positive; from 2 on by
    /// the continued fraction √π e^(x²) erfc(x) = 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))). Source: Abramowitz and
    /// Stegun 1964, 7.1.6 and 7.1.14.
    /// </remarks>
    public static double Erfc(double x)
    {
        if (x < 0) return 2 - Erfc(-x);
        if (x < 2)
        {
            double term = x, sum = x;
            // at x = 2 the 60th term is below 1e-20
            for (int n = 1; n < 60; n++) sum += term *= 2 * x * x / (2 * n + 1);
            return 1 - 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
        }

        double fraction = x;
        // at x = 2, 100 steps leave an error below 1e-16
        for (int k = 100; k > 0; k--) fraction = x + 0.5 * k / fraction;
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction);
    }

    /// <summary>Φ(x), by erfc so that the lower tail keeps its digits.</summary>
    private static double NormalCdf(double x) => 0.5 * Erfc(-x / Math.Sqrt(2));

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double GeluTanhDerivative(double x)
    {
        double tanh = Math.Tanh(TanhFactor * (x + 0.044715 * x * x * x));
        return 0.5 * (1 + tanh) + 0.5 * x * (1 - tanh * tanh) * TanhFactor * (1 + 3 * 0.044715 * x * x);
    }

    /// <summary>eˣ − 1 without cancellation: the rounding of eˣ is divided out again (W. Kahan, after Higham 2002,
    /// 1.14.1).</summary>
    private static double ExpMinus1(double x)
    {
        double exp = Math.Exp(x);
        return exp == 1 ? x : exp < 0.5 ? exp - 1 : (exp - 1) * x / Math.Log(exp);
    }

    /// <summary>log(1 + x) without cancellation, by the same device.</summary>
    private static double LogPlus1(double x)
    {
        double sum = 1 + x;
        return sum == 1 ? x : Math.Log(sum) * x / (sum - 1);
    }
}

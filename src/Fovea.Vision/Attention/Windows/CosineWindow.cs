using Fovea.Tensors;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention.Windows;

/// <summary>
/// A bell of a finite number of waves, and so a product of features of two positions, without error:
/// κ(u − m) = cos²ᴷ((u − m) / √(2K)) = Σ_k a_k cos(k (t_u − t_m)), t = u √(2/K), a_k = C(2K, K + k) / 4ᴷ.
/// </summary>
/// <remarks>
/// It is never negative, as weights must not be, and 1 at 0. As K grows it becomes exp(−(u − m)²/2), from which it
/// differs by less than 0.14 / K. It comes again every π √(2K) units, so that a window must be wide enough for that to
/// lie outside the image: this is <see cref="Floor"/>. Along two axes features multiply: (2K + 1)² of them.
/// </remarks>
internal sealed class CosineWindow
{
    private const double Tolerated = 0.01;   // the largest weight where the next period begins

    /// <param name="waves">K, 1 or more.</param>
    public CosineWindow(int waves)
    {
        Waves = waves;
        double[] shares = new double[waves + 1];
        shares[0] = 1;
        for (int i = 1; i <= waves; i++) shares[0] *= (2.0 * i - 1) / (2 * i);   // C(2K, K) / 4^K
        for (int k = 1; k <= waves; k++) shares[k] = shares[k - 1] * (waves - k + 1) / (waves + k);
        Shares = shares;
    }

    /// <summary>K.</summary>
    public int Waves { get; }

    /// <summary>a_k by k = 0 ... K, where those of −k are the same.</summary>
    public IReadOnlyList<double> Shares { get; }

    /// <summary>Features of a position along both axes.</summary>
    public int Features => (2 * Waves + 1) * (2 * Waves + 1);

    /// <summary>Smallest extents along x and y with which an image holds no part of a second period that weighs more
    /// than 0.01.</summary>
    /// <param name="grid">The image.</param>
    /// <param name="form">How far centres move, and whether axes turn.</param>
    public (double X, double Y) Floor(TokenGrid grid, WindowForm form)
    {
        double x = grid.Columns - 1 + form.Reach, y = grid.Rows - 1 + form.Reach;
        if (form.Turns) x = y = Math.Sqrt(x * x + y * y);
        double farthest = Math.PI - Math.Acos(Math.Pow(Tolerated, 0.5 / Waves));
        return (Extent(x), Extent(y));

        double Extent(double length) => length / (farthest * Math.Sqrt(2 * Waves));
    }

    /// <summary>Features whose products are the window, along both axes together.</summary>
    /// <param name="places"><c>[batch, token, head, 2]</c>, in the window's units.</param>
    /// <returns><c>[batch, head, token, feature]</c>.</returns>
    public Tensor Of(Tensor places)
    {
        (int batch, int tokens, int heads, int side) =
            (places.Shape[0], places.Shape[1], places.Shape[2], 2 * Waves + 1);
        Tensor x = Axis(Ops.Slice(places, 3, 0, 1)).Reshape(batch, tokens, heads, side, 1),
            y = Axis(Ops.Slice(places, 3, 1, 1)).Reshape(batch, tokens, heads, 1, side);
        return Ops.Permute(Ops.Multiply(x, y).Reshape(batch, tokens, heads, Features), 0, 2, 1, 3);
    }

    /// <summary>√(2 a_k) cos kt and √(2 a_k) sin kt; of k = 0, √a₀.</summary>
    private Tensor Axis(Tensor places)
    {
        float[] steps = new float[Waves], factors = new float[Waves];
        for (int k = 1; k <= Waves; k++)
        {
            steps[k - 1] = (float)(k * Math.Sqrt(2.0 / Waves));
            factors[k - 1] = (float)Math.Sqrt(2 * Shares[k]);
        }

        Device device = places.Device;
        Tensor angles = Ops.Multiply(places, Tensor.From(steps, [1, 1, 1, Waves], device)),
            sizes = Tensor.From(factors, [1, 1, 1, Waves], device);
        // a place times 0, so that the constant has its shape
        Tensor constant = Ops.Add(Ops.Scale(places, 0),
            Tensor.From([(float)Math.Sqrt(Shares[0])], [1, 1, 1, 1], device));
        return Ops.Concat(3, constant, Ops.Multiply(Ops.Apply(UnaryOperator.Cos, angles), sizes),
            Ops.Multiply(Ops.Apply(UnaryOperator.Sin, angles), sizes));
    }
}

namespace Fovea.Tensors;

/// <summary>
/// Lion (Chen et al. 2023, arXiv:2302.06675, algorithm 2): c = β1 m + (1−β1) g;  p ← p (1 − lr · weightDecay) − lr ·
/// sign(c);  m ← β2 m + (1−β2) g, with g the scaled gradient. State: m.
/// </summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Beta1">Share of m in the direction.</param>
/// <param name="Beta2">Decay of m.</param>
/// <param name="WeightDecay">Strength.</param>
/// <param name="GradientScale">Factor of the gradient (clipping).</param>
public readonly record struct LionArguments(
    double LearningRate, double Beta1, double Beta2, double WeightDecay, double GradientScale);

/// <summary>
/// Adan (Xie et al. 2022, arXiv:2208.06677, algorithm 1, betas as in the authors' code): with d = g − the gradient of
/// the step before (0 in the first one), m ← β1 m + (1−β1) g;  v ← β2 v + (1−β2) d;  n ← β3 n + (1−β3) (g + β2 d)²;
/// u = (m/(1−β1ᵗ) + β2 v/(1−β2ᵗ)) / (√n/√(1−β3ᵗ) + ε);  p ← (p − lr · u) / (1 + lr · weightDecay). State: m, v, n, g.
/// </summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Beta1">Decay of the mean.</param>
/// <param name="Beta2">Decay of the mean of differences.</param>
/// <param name="Beta3">Decay of the squares' mean.</param>
/// <param name="Epsilon">Keeps the quotient finite.</param>
/// <param name="WeightDecay">Strength.</param>
/// <param name="Step">t, from 1.</param>
/// <param name="GradientScale">Factor of the gradient (clipping).</param>
public readonly record struct AdanArguments(
    double LearningRate, double Beta1, double Beta2, double Beta3, double Epsilon, double WeightDecay, int Step,
    double GradientScale)
{
    /// <summary>1 − βᵗ of the three averages.</summary>
    public (double First, double Second, double Third) Corrections =>
        (1 - Math.Pow(Beta1, Step), 1 - Math.Pow(Beta2, Step), 1 - Math.Pow(Beta3, Step));
}

/// <summary>
/// Schedule-free AdamW (Defazio et al. 2024, arXiv:2405.15682, algorithm 1), on the point y at which gradients are
/// taken: v ← β2 v + (1−β2) g²;  u = g / (√v + ε) + weightDecay · y;  y ← y + c (z − y) + lr (β1 (1−c) − 1) u;
/// z ← z − lr · u. The point to evaluate is x = y + (1 − 1/β1) (z − y), and then x ← (1−c) x + c z. State: z, v.
/// </summary>
/// <param name="LearningRate">Step size γ, with the correction √(1−β2ᵗ) in it.</param>
/// <param name="Beta1">Share of x in y, above 0.</param>
/// <param name="Beta2">Decay of the squares' mean.</param>
/// <param name="Epsilon">Keeps the quotient finite.</param>
/// <param name="WeightDecay">Strength.</param>
/// <param name="Share">c: what this step counts in the average x.</param>
/// <param name="First">z is still unset: it is y.</param>
/// <param name="GradientScale">Factor of the gradient (clipping).</param>
public readonly record struct ScheduleFreeArguments(
    double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, double Share, bool First,
    double GradientScale);

/// <summary>
/// Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon) of a matrix <c>[rows, columns]</c>: m ← β m + (1−β) g;
/// u = nesterov ? (1−β) g + β m : m;  o = the nearest matrix with singular values near 1, by some steps of
/// Newton-Schulz's iteration X ← a X + (b A + c A²) X with A = X Xᵀ from X = u / (‖u‖ + 1e-7) on;
/// p ← p (1 − lr · weightDecay) − lr · scale · o, with g the scaled gradient. State: m.
/// </summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Momentum">β.</param>
/// <param name="Nesterov">Look ahead.</param>
/// <param name="WeightDecay">Strength.</param>
/// <param name="Scale">Factor of the step for the shape of the matrix.</param>
/// <param name="Iterations">Steps of the iteration.</param>
/// <param name="Rows">Rows of the matrix; the columns are all the rest.</param>
/// <param name="GradientScale">Factor of the gradient (clipping).</param>
public readonly record struct MuonArguments(
    double LearningRate, double Momentum, bool Nesterov, double WeightDecay, double Scale, int Iterations, int Rows,
    double GradientScale)
{
    /// <summary>Coefficients a, b and c of the iteration.</summary>
    public const double A = 3.4445, B = -4.7750, C = 2.0315;

    /// <summary>Keeps the first quotient finite.</summary>
    public const double Epsilon = 1e-7;
}

/// <summary>
/// The step of a cautious optimiser (Liang et al. 2024, arXiv:2411.16085): of a change d only that counts which goes
/// against the gradient g: p ← keep · p + rate · s · (d · g &lt; 0 ? d : 0), with s = 1 / max(share of such elements,
/// 0.001). State: d.
/// </summary>
/// <param name="Keep">Factor of what is there: decoupled weight decay.</param>
/// <param name="Rate">Step size.</param>
public readonly record struct CautiousArguments(double Keep, double Rate)
{
    /// <summary>s, from the number of elements that agree.</summary>
    internal static double Scale(long agreeing, int count) => 1 / Math.Max((double)agreeing / count, 1e-3);
}

namespace Fovea.Tensors;

/// <summary>Function that a linear layer applies to its input on the way in; computed on the fly, never
/// stored.</summary>
public enum LinearInput
{
    /// <summary>f(x) = x.</summary>
    Identity,

    /// <summary>f(x) = <see cref="UnaryOperator"/>(x), element by element.</summary>
    Activation,

    /// <summary>f(x) = layer norm of the row, or without a mean its RMS norm.</summary>
    LayerNorm,
}

/// <summary>C (+)= Scale · op(A) op(B) for each of Batch matrices, stored one after another.</summary>
/// <param name="A"><c>[batch, rows, inner]</c>, or <c>[batch, inner, rows]</c> if transposed.</param>
/// <param name="B"><c>[batch, inner, columns]</c>, or <c>[batch, columns, inner]</c> if transposed.</param>
/// <param name="C"><c>[batch, rows, columns]</c>, overwritten or added to.</param>
/// <param name="Batch">Number of products.</param>
/// <param name="Rows">Rows of C.</param>
/// <param name="Columns">Columns of C.</param>
/// <param name="Inner">Length of the sums.</param>
/// <param name="TransposeA">A is stored transposed.</param>
/// <param name="TransposeB">B is stored transposed.</param>
/// <param name="Scale">Factor of the product.</param>
public readonly record struct MatMulArguments(
    Storage A, Storage B, Target C, int Batch, int Rows, int Columns, int Inner,
    bool TransposeA = false, bool TransposeB = false, float Scale = 1);

/// <summary>A linear layer y = f(x) wᵀ + bias (+ residual) and what its passes need.</summary>
/// <param name="X"><c>[rows, in]</c>, before f.</param>
/// <param name="Weight"><c>[out, in]</c>.</param>
/// <param name="Bias"><c>[out]</c> or null.</param>
/// <param name="Residual"><c>[rows, out]</c>, added to the result, or null.</param>
/// <param name="Rows">Rows of x and y.</param>
/// <param name="In">Columns of x.</param>
/// <param name="Out">Columns of y.</param>
/// <param name="Input">Which f.</param>
/// <param name="Activation">With <see cref="LinearInput.Activation"/>: the function.</param>
/// <param name="Gamma">With <see cref="LinearInput.LayerNorm"/>: scale <c>[in]</c>.</param>
/// <param name="Beta">With <see cref="LinearInput.LayerNorm"/>: shift <c>[in]</c>; null in RMS norm.</param>
/// <param name="Mean">With <see cref="LinearInput.LayerNorm"/>: <c>[rows]</c>, written by the forward pass; null in RMS
/// norm, which subtracts none.</param>
/// <param name="Rstd">With <see cref="LinearInput.LayerNorm"/>: 1/√(variance + ε) <c>[rows]</c>, written by the forward
/// pass.</param>
/// <param name="Epsilon">With <see cref="LinearInput.LayerNorm"/>: ε.</param>
public readonly record struct LinearArguments(
    Storage X, Storage Weight, Storage? Bias, Storage? Residual, int Rows, int In, int Out,
    LinearInput Input = LinearInput.Identity, UnaryOperator Activation = default,
    Storage? Gamma = null, Storage? Beta = null, Storage? Mean = null, Storage? Rstd = null, float Epsilon = 0);

/// <summary>Destinations of the gradients of an input; null where nobody wants one.</summary>
/// <param name="Dx">Gradient of x.</param>
/// <param name="Dgamma">Gradient of a layer norm's scale.</param>
/// <param name="Dbeta">Gradient of a layer norm's shift.</param>
public readonly record struct LinearInputGradients(Target? Dx, Target? Dgamma = null, Target? Dbeta = null);

/// <summary>Sizes of a 2-D convolution; <c>output = (input + 2·padding − dilation·(kernel−1) − 1) / stride +
/// 1</c>.</summary>
/// <param name="Batch">Images.</param>
/// <param name="In">Input channels.</param>
/// <param name="Height">Input rows.</param>
/// <param name="Width">Input columns.</param>
/// <param name="Out">Output channels.</param>
/// <param name="KernelHeight">Kernel rows.</param>
/// <param name="KernelWidth">Kernel columns.</param>
/// <param name="Stride">Step between outputs, both axes.</param>
/// <param name="Padding">Zeros around the image, all sides.</param>
/// <param name="Dilation">Distance between kernel elements.</param>
/// <param name="Groups">Channel groups that do not mix.</param>
public readonly record struct Conv2dArguments(
    int Batch, int In, int Height, int Width, int Out, int KernelHeight, int KernelWidth,
    int Stride = 1, int Padding = 0, int Dilation = 1, int Groups = 1)
{
    /// <summary>Output rows; 0 where the kernel is larger than the padded image.</summary>
    public int OutHeight => Positions(Height, KernelHeight);

    /// <summary>Output columns; 0 where the kernel is larger than the padded image.</summary>
    public int OutWidth => Positions(Width, KernelWidth);

    private int Positions(int size, int kernel)
    {
        int room = size + 2 * Padding - Dilation * (kernel - 1) - 1;
        return room < 0 ? 0 : room / Stride + 1;   // a negative quotient would be rounded up to 0
    }
}

/// <summary>Targets of a cross-entropy; see <see cref="Backend.CrossEntropy"/>.</summary>
/// <param name="Rows">Samples.</param>
/// <param name="Columns">Classes.</param>
/// <param name="Labels">Integer class per row, or null.</param>
/// <param name="Targets">Distribution per row, or null.</param>
/// <param name="Smoothing">Share s of the target spread evenly; 0 to 1, with labels only.</param>
/// <param name="ClassWeights">Factor per class <c>[columns]</c>, or null.</param>
public readonly record struct CrossEntropyArguments(
    int Rows, int Columns, Storage? Labels, Storage? Targets = null, float Smoothing = 0, Storage? ClassWeights = null);

/// <summary>
/// g ← gradientScale · gradient + weightDecay · p;  m ← momentum · m + (1 − dampening) · g (first step: m ← g);
/// p ← p − lr · (nesterov ? g + momentum · m : m). State: m, or none without momentum.
/// </summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Momentum">0 to 1; 0 needs no buffer.</param>
/// <param name="Dampening">0 to 1.</param>
/// <param name="WeightDecay">Added to the gradient (L2).</param>
/// <param name="Nesterov">Look ahead.</param>
/// <param name="First">The momentum buffer is still unset.</param>
/// <param name="GradientScale">Factor of the gradient (clipping).</param>
public readonly record struct SgdArguments(
    double LearningRate, double Momentum, double Dampening, double WeightDecay, bool Nesterov, bool First,
    double GradientScale);

/// <summary>
/// m ← β1 m + (1−β1) g;  v ← β2 v + (1−β2) g²;  p ← p − lr/(1−β1ᵗ) · m / (√v/√(1−β2ᵗ) + ε), with g the scaled gradient.
/// Decoupled (AdamW, Loshchilov and Hutter 2019): first p ← p (1 − lr · weightDecay); else g ← g + weightDecay · p.
/// With a maximum buffer (AMSGrad) the largest v so far is used instead of v. State: m, v, and with AMSGrad the
/// largest v.
/// </summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Beta1">Decay of the mean.</param>
/// <param name="Beta2">Decay of the squares' mean.</param>
/// <param name="Epsilon">Keeps the quotient finite.</param>
/// <param name="WeightDecay">Strength.</param>
/// <param name="Decoupled">AdamW.</param>
/// <param name="Step">t, from 1.</param>
/// <param name="GradientScale">Factor of the gradient (clipping).</param>
public readonly record struct AdamArguments(
    double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, bool Decoupled, int Step,
    double GradientScale);

/// <summary>
/// LAMB (You et al. 2020, arXiv:1904.00962, algorithm 2): m ← β1 m + (1−β1) g;  v ← β2 v + (1−β2) g²;
/// u = m/(1−β1ᵗ) / (√v/√(1−β2ᵗ) + ε) + weightDecay · p;  p ← p − lr · |p|/|u| · u, with g the scaled gradient.
/// Where a length is 0 the quotient of lengths, the trust ratio, is 1. State: m, v.
/// </summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Beta1">Decay of the mean.</param>
/// <param name="Beta2">Decay of the squares' mean.</param>
/// <param name="Epsilon">Keeps the quotient finite.</param>
/// <param name="WeightDecay">Strength.</param>
/// <param name="ClipTrust">The trust ratio is 1 at most.</param>
/// <param name="Step">t, from 1.</param>
/// <param name="GradientScale">Factor of the gradient (clipping).</param>
public readonly record struct LambArguments(
    double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, bool ClipTrust, int Step,
    double GradientScale)
{
    /// <summary>The trust ratio, from Σ p² and Σ u².</summary>
    internal double Trust(double weightSquares, double changeSquares)
    {
        if (!(weightSquares > 0 && changeSquares > 0)) return 1;
        double ratio = Math.Sqrt(weightSquares) / Math.Sqrt(changeSquares);
        return ClipTrust ? Math.Min(1, ratio) : ratio;
    }
}

/// <summary>
/// LARS (You et al. 2017, arXiv:1708.03888): r = trustCoefficient · |p| / (|g| + weightDecay · |p| + ε), or 1 where a
/// length is 0;  then a step of stochastic gradient descent (<see cref="SgdArguments"/>, without dampening) with
/// r · (g + weightDecay · p) as the gradient, where g is the scaled gradient. State: m, or none without momentum.
/// </summary>
/// <param name="LearningRate">Step size.</param>
/// <param name="Momentum">0 to 1; 0 needs no buffer.</param>
/// <param name="WeightDecay">Added to the gradient (L2).</param>
/// <param name="Nesterov">Look ahead.</param>
/// <param name="TrustCoefficient">Share of a parameter's length that a step of rate 1 covers, above 0.</param>
/// <param name="Epsilon">Keeps the quotient finite.</param>
/// <param name="ClipTrust">r is divided by the step size and then 1 at most: no step is longer than the plain one
/// (LARC).</param>
/// <param name="First">The momentum buffer is still unset.</param>
/// <param name="GradientScale">Factor of the gradient (clipping).</param>
public readonly record struct LarsArguments(
    double LearningRate, double Momentum, double WeightDecay, bool Nesterov, double TrustCoefficient, double Epsilon,
    bool ClipTrust, bool First, double GradientScale)
{
    /// <summary>r, from Σ p² and Σ g² of the gradient before it is scaled.</summary>
    internal double Trust(double weightSquares, double gradientSquares)
    {
        double weight = Math.Sqrt(weightSquares), gradient = Math.Abs(GradientScale) * Math.Sqrt(gradientSquares);
        if (!(weight > 0 && gradient > 0)) return 1;
        double ratio = TrustCoefficient * weight / (gradient + WeightDecay * weight + Epsilon);
        return ClipTrust ? Math.Min(1, ratio / LearningRate) : ratio;
    }

    /// <summary>The step of stochastic gradient descent with this r.</summary>
    internal SgdArguments Plain(double trust) => new(
        LearningRate, Momentum, 0, trust * WeightDecay, Nesterov, First, trust * GradientScale);
}

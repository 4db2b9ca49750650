using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention;

/// <summary>Gated delta rule: heads are memories of fixed size that four walks over the image write and read.</summary>
/// <remarks><code>
/// S_t = α_t (I − β_t k̂_t k̂_tᵀ) S_t−1 + β_t k̂_t v_tᵀ          o_t = Σ over walks of S_tᵀ q̂_t
/// α = exp(−exp(A) · softplus(a(x) + b)), β = σ(b(x))          per token, walk and head; q̂, k̂: q and k of length 1
/// result = RMSNorm(o), head by head with one weight [headDim], ε = 1e-5
/// walks: rows forwards, rows backwards, columns forwards, columns backwards
/// qkv [batch, token, 3, head, headDim]  →  [batch, token, head · headDim]
/// A_log, dt_bias [4 · head]   a_proj, b_proj [4 · head, dim], walk by walk
/// </code>
/// Tokens before the patches (class token and the like) have no place on a walk: each walk begins with them, and they
/// only write; behind the last patch they read, without writing. So every patch can see them, and the class token sees
/// all patches. Time O(token · headDim · (headDim + chunk)) per head and walk, linear in the number of tokens; extra
/// memory O(token). Source: Yang, Kautz and Hatamizadeh 2025, "Gated Delta Networks", arXiv:2412.06464, eq. 10, with
/// names and first values of its code (those of α are Mamba 2's); without its short convolutions and the SiLU behind
/// them, because patches have neighbours on four sides and rotations of queries and keys keep their meaning; its gate
/// of the result is <see cref="AttentionGate"/>. Four walks as in Liu et al. 2024, "VMamba", arXiv:2401.10166.
/// </remarks>
public sealed class DeltaAttention : Module, IAttention
{
    private const float Epsilon = 1e-6f;   // of squared lengths

    private readonly AttentionContext _context;
    private readonly Linear _decay, _strength;
    private readonly Parameter _rate, _step;
    private readonly RmsNorm _norm;
    private readonly ModuleBuffer _unit;   // turns a root mean square of 1 into a length of 1

    /// <param name="context">Sizes.</param>
    /// <exception cref="UsageException">Attention drops out.</exception>
    public DeltaAttention(AttentionContext context)
    {
        context.RequireNoDropout("deltanet");
        _context = context;
        int gates = GridScan.Count * context.Heads;
        _decay = Register("a_proj", new Linear(context.Dim, gates, bias: false));
        _strength = Register("b_proj", new Linear(context.Dim, gates, bias: false));
        _rate = Register(new Parameter("A_log", [gates], Each(value => Math.Log(1 + 15 * value)), decay: false));
        _step = Register(new Parameter("dt_bias", [gates], Each(FirstStep), decay: false));
        _unit = Register(new ModuleBuffer("unit", [context.HeadDim],
            Init.Constant(1 / MathF.Sqrt(context.HeadDim)), persistent: false));
        _norm = Register("o_norm", new RmsNorm(context.HeadDim, 1e-5f));
    }

    internal static AttentionEntry Entry { get; } = new(
        "deltanet",
        "Gated delta rule: a memory of fixed size, written and read along four walks over the image; linear.",
        [],
        (_, context) => new DeltaAttention(context));

    /// <inheritdoc/>
    public AttentionParts Takes => AttentionParts.QueryKeyNorm | AttentionParts.Rotation;

    /// <inheritdoc/>
    public int ProjectedWidth => 3 * _context.Heads * _context.HeadDim;

    /// <inheritdoc/>
    public double Macs(TokenGrid grid)
    {
        // of a step: its pairs in half a chunk, four sums each; three products with the state
        double headDim = _context.HeadDim, chunk = headDim <= 32 ? 32 : 64,
            step = headDim * (2 * (chunk + 1) + 3 * headDim), steps = grid.Tokens + grid.Prefix;
        return GridScan.Count * _context.Heads * (steps * step + 2.0 * grid.Tokens * _context.Dim);
    }

    /// <inheritdoc/>
    public Tensor Forward(AttentionInput input) => Mix(input, new(input.Projected, _context.Heads, 3, 2));

    /// <inheritdoc/>
    public Tensor Finish(AttentionInput input, Tensor mixed)
    {
        (int batch, int tokens, int width) = (mixed.Shape[0], mixed.Shape[1], mixed.Shape[2]);
        return _norm.Forward(mixed.Reshape(batch, tokens, _context.Heads, _context.HeadDim))
            .Reshape(batch, tokens, width);
    }

    /// <inheritdoc/>
    /// <remarks>Weights may be negative: a key that comes again takes away what was stored for it.</remarks>
    public Tensor Probabilities(AttentionInput input)
    {
        Tensor unit = PackedHeads.UnitVectors(input.Projected.Shape[0], input.Grid.Tokens, _context.Heads,
            input.Projected.Device);
        return PackedHeads.Split(new HeadTensor(Mix(input, new(unit, _context.Heads)), _context.Heads));
    }

    private Tensor Mix(AttentionInput input, HeadTensor values)
    {
        TokenGrid grid = input.Grid;
        Tensor steps = Ops.Apply(UnaryOperator.Softplus, Ops.Add(input.Project(_decay), _step));
        Tensor decay = Ops.Multiply(steps, Ops.Scale(Ops.Apply(UnaryOperator.Exp, _rate), -1));
        Tensor strength = Ops.Apply(UnaryOperator.Sigmoid, input.Project(_strength));
        return Ops.DeltaRule(Directions(input, 0), Directions(input, 1), values, decay, strength,
            new(grid.Prefix, new(grid.Rows, grid.Columns)));
    }

    /// <summary>Queries (0) or keys (1), of length 1.</summary>
    private HeadTensor Directions(AttentionInput input, int part)
    {
        (int heads, int headDim, Tensor packed) = (_context.Heads, _context.HeadDim, input.Projected);
        (int batch, int tokens) = (packed.Shape[0], packed.Shape[1]);
        Tensor vectors = Ops.Slice(packed, 2, part * heads * headDim, heads * headDim)
            .Reshape(batch, tokens, heads, headDim);
        return new(Ops.RmsNorm(vectors, _unit, Epsilon / headDim).Reshape(batch, tokens, heads * headDim), heads);
    }

    /// <summary>softplus⁻¹ of a step between 0.001 and 0.1, on a logarithmic scale.</summary>
    private static double FirstStep(double value)
    {
        double step = Math.Exp(Math.Log(0.001) + value * Math.Log(100));
        return step + Math.Log(-Math.Exp(-step) + 1);
    }

    private static Initializer Each(Func<double, double> of) => (values, _, random) =>
    {
        for (int i = 0; i < values.Length; i++) values[i] = (float)of(random.Uniform((ulong)i));
    };
}

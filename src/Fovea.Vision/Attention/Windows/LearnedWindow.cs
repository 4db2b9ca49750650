using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Attention.Windows;

/// <summary>
/// A window of each head over the patches whose centre, extents and direction are learned, with offsets that queries
/// choose. It only tells positions: where a query looks and where a key lies, in the window's own units.
/// </summary>
/// <remarks><code>
/// u_j = diag(1/σ₁, 1/σ₂) Rᵀ p_j          p_j (x, y) of a patch from the image's middle, R turns by window_angle
/// m_i = diag(1/σ₁, 1/σ₂) Rᵀ (p_i + reach · tanh(window_centre + window_offsets(x_i)))
/// σ² = floor² + exp(2 · window_extent)          all in patches; the window is a function of u_j − m_i
/// window_centre, window_extent [head, 2]   window_angle [head]   window_offsets [2 · head, dim]
/// </code></remarks>
internal sealed class LearnedWindow : Module
{
    private const double Longer = 1.25;   // of first extents where they have a direction

    private readonly int _heads;
    private readonly WindowForm _form;
    private readonly Parameter _centre, _extent;
    private readonly Parameter? _angle;
    private readonly Linear? _offsets;

    /// <param name="context">Sizes.</param>
    /// <param name="form">What is learned, and first values.</param>
    /// <param name="floor">Smallest extents along x and y on the configured grid, patches.</param>
    public LearnedWindow(AttentionContext context, WindowForm form, (double X, double Y) floor)
    {
        (_heads, _form) = (context.Heads, form);
        _centre = Register(new Parameter("window_centre", [_heads, 2], Init.Zeros, decay: false));
        _extent = Register(new Parameter("window_extent", [_heads, 2], FirstExtents, decay: false));
        if (form.Turns) _angle = Register(new Parameter("window_angle", [_heads], FirstAngles, decay: false));
        if (form.Offsets)
            _offsets = Register("window_offsets", new Linear(context.Dim, 2 * _heads, bias: false, Init.Zeros));

        void FirstExtents(float[] values, Shape shape, Philox random)
        {
            for (int i = 0; i < values.Length; i++)
            {
                double least = i % 2 == 0 ? floor.X : floor.Y,
                    extent = form.Extent * (!form.Turns ? 1 : i % 2 == 0 ? Longer : 1 / Longer);
                values[i] = (float)(0.5 * Math.Log(Math.Max(extent * extent - least * least, least * least / 4)));
            }
        }

        // each head looks along a line of its own
        void FirstAngles(float[] values, Shape shape, Philox random)
        {
            for (int head = 0; head < values.Length; head++) values[head] = (float)(Math.PI * head / values.Length);
        }
    }

    /// <summary>Places where queries look and where keys lie.</summary>
    /// <param name="input">The mechanism's input.</param>
    /// <param name="floor">Smallest extents along x and y, patches.</param>
    /// <returns><c>[1 or batch, token, head, 2]</c> and <c>[1, token, head, 2]</c>, and 1 for patches and 0 for tokens
    /// before them, <c>[1, token, 1, 1]</c>; positions of these are 0.</returns>
    public (Tensor Queries, Tensor Keys, Tensor Patches) Places(AttentionInput input, (double X, double Y) floor)
    {
        TokenGrid grid = input.Grid;
        Device device = input.Projected.Device;
        Tensor x = Of(patch => patch % grid.Columns - (grid.Columns - 1) / 2f),
            y = Of(patch => patch / grid.Columns - (grid.Rows - 1) / 2f), patches = Of(_ => 1);
        (Tensor alongX, Tensor alongY) = Axes(floor, device);
        Tensor keys = Ops.Add(Ops.Multiply(x, alongX), Ops.Multiply(y, alongY)), shift = Shift(input);
        Tensor moved = Ops.Add(Ops.Multiply(Ops.Slice(shift, 3, 0, 1), alongX),
            Ops.Multiply(Ops.Slice(shift, 3, 1, 1), alongY));
        return (Ops.Add(keys, Ops.Multiply(moved, patches)), keys, patches);

        Tensor Of(Func<int, float> of) => Tensor.From(
            [.. Enumerable.Range(0, grid.Tokens).Select(token => token < grid.Prefix ? 0 : of(token - grid.Prefix))],
            [1, grid.Tokens, 1, 1], device);
    }

    /// <summary>Centres from the queries' own places, patches, <c>[1 or batch, 1 or token, head, 2]</c>.</summary>
    private Tensor Shift(AttentionInput input)
    {
        Tensor centre = _centre.Value.Reshape(1, 1, _heads, 2);
        if (_offsets is not null)
        {
            Tensor offsets = input.Project(_offsets);
            centre = Ops.Add(offsets.Reshape(offsets.Shape[0], offsets.Shape[1], _heads, 2), centre);
        }

        return Ops.Scale(Ops.Apply(UnaryOperator.Tanh, centre), (float)_form.Reach);
    }

    /// <summary>Steps of one patch along x, and along y, in the window's units, each <c>[1, 1, head, 2]</c>.</summary>
    private (Tensor X, Tensor Y) Axes((double X, double Y) floor, Device device)
    {
        Tensor least = Tensor.From([(float)(floor.X * floor.X), (float)(floor.Y * floor.Y)], [1, 2], device);
        Tensor extents = Ops.Apply(UnaryOperator.Sqrt,
            Ops.Add(Ops.Apply(UnaryOperator.Exp, Ops.Scale(_extent.Value, 2)), least));
        if (_angle is null)
            return (Inverse(Tensor.From([1f, 0f], [1, 2], device)), Inverse(Tensor.From([0f, 1f], [1, 2], device)));
        Tensor angle = _angle.Value.Reshape(_heads, 1), cosine = Ops.Apply(UnaryOperator.Cos, angle),
            sine = Ops.Apply(UnaryOperator.Sin, angle);
        return (Inverse(Ops.Concat(1, cosine, Ops.Scale(sine, -1))), Inverse(Ops.Concat(1, sine, cosine)));

        Tensor Inverse(Tensor step) => Ops.Divide(step, extents).Reshape(1, 1, _heads, 2);
    }
}

/// <summary>Form of a <see cref="LearnedWindow"/>: first values and what is learned.</summary>
/// <param name="Extent">First extents, patches.</param>
/// <param name="Reach">Farthest shift of a centre along each axis, patches.</param>
/// <param name="Turns">Learn a direction.</param>
/// <param name="Offsets">Let queries shift the centre.</param>
internal readonly record struct WindowForm(double Extent, double Reach, bool Turns, bool Offsets);

namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override bool PreparesHeads => true;

    public override void PrepareHeads(in HeadPreparation arguments, Storage y)
    {
        HeadPreparation a = arguments;
        int vectors = a.Rows * a.Heads;
        double[] from = Values(a.Packed), to = Values(y);
        from.AsSpan(0, a.Rows * 3 * a.Width).CopyTo(to);
        for (int part = 0; part < 2; part++)
        {
            double[] x = PartOf(a, from, part);
            if ((part == 0 ? a.Queries : a.Keys) is { } norm)
            {
                Statistics(x, norm.Mean, norm.Rstd, vectors, a.HeadDim, norm.Epsilon);
                Normalise(x, Values(norm.Gamma), Maybe(norm.Beta), x, Maybe(norm.Mean), Values(norm.Rstd), vectors,
                    a.HeadDim);
            }

            Turn(a, x, 1);
            for (int row = 0; row < a.Rows; row++)
                x.AsSpan(row * a.Width, a.Width).CopyTo(to.AsSpan((row * 3 + part) * a.Width));
        }
    }

    /// <summary>A rotation's transpose turns back; what a norm makes of that is its own backward pass.</summary>
    public override void PrepareHeadsBackward(in HeadPreparation arguments, Storage dy, in LinearInputGradients queries,
        in LinearInputGradients keys)
    {
        HeadPreparation a = arguments;
        LinearInputGradients[] gradients = [queries, keys, default];
        double[] from = Values(a.Packed), given = Values(dy);
        for (int part = 0; part < 3; part++)
        {
            double[] d = PartOf(a, given, part);
            if (part < 2) Turn(a, d, -1);
            HeadNormArguments? norm = part switch { 0 => a.Queries, 1 => a.Keys, _ => null };
            Storage dx = Rent(d.Length);
            if (norm is { } of)
                LayerNormBackward(PartOf(a, from, part), Values(of.Gamma), Maybe(of.Mean), Values(of.Rstd), d,
                    a.Rows * a.Heads, a.HeadDim, gradients[part] with { Dx = new Target(dx) });
            else d.CopyTo(Values(dx), 0);
            for (int i = 0; queries.Dx is { } target && i < d.Length; i++)
                Put(ref Values(target)[(i / a.Width * 3 + part) * a.Width + i % a.Width], Values(dx)[i],
                    target.Accumulate);
            Return(dx);
        }
    }

    /// <summary>Queries (part 0), keys or values of packed projections, <c>[row, head, headDim]</c>.</summary>
    private static double[] PartOf(HeadPreparation a, double[] packed, int part) =>
        [.. Enumerable.Range(0, a.Rows)
            .SelectMany(row => packed[((row * 3 + part) * a.Width)..((row * 3 + part + 1) * a.Width)])];

    /// <summary>Vectors <c>[row, head, headDim]</c> turned by the angles of their tokens and heads, or back.</summary>
    private static void Turn(in HeadPreparation a, double[] x, int direction)
    {
        int half = a.HeadDim / 2;
        for (int vector = 0; a.Cosines is not null && vector < a.Rows * a.Heads; vector++)
        {
            int token = vector / a.Heads % a.Tokens, head = a.AngleHeads == 1 ? 0 : vector % a.Heads,
                angles = (token * a.AngleHeads + head) * half, at = vector * a.HeadDim;
            for (int i = at; i < at + half; i++)
            {
                double cos = Values(a.Cosines)[angles + i - at], sin = direction * Values(a.Sines!)[angles + i - at];
                (x[i], x[i + half]) = (x[i] * cos - x[i + half] * sin, x[i + half] * cos + x[i] * sin);
            }
        }
    }
}

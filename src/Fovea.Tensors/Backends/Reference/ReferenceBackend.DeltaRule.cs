namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void DeltaRule(in DeltaRuleArguments arguments, Storage y)
    {
        DeltaRuleArguments a = arguments;
        double[] to = Values(y);
        Array.Clear(to, 0, a.Batch * a.Tokens * a.Heads * a.ValueDim);
        foreach ((int batch, int head, int walk) in Walks(a))
        {
            double[][] states = States(a, batch, head, walk);
            int[] order = a.Scan.Order(walk);
            for (int step = a.Scan.Prefix; step < order.Length; step++)
            {
                Span<double> query = Keys(a.Q, a, batch, order[step], head), result = Result(to, a, batch, order[step],
                    head);
                for (int e = 0; e < a.KeyDim; e++) AddScaled(query[e], Row(states[step + 1], a, e), result);
            }
        }
    }

    /// <summary>
    /// Backwards through each step, with u = β e, e = v − α Sᵀk and dS the gradient of the state behind it: du = dSᵀk,
    /// dβ = du·e, dv = β du, dk = dS u − α S dv, d log α = α (⟨dS, S⟩ − dv·Sᵀk), and dS becomes α (dS − k dvᵀ). A step
    /// that reads adds q dyᵀ to dS first, and dq = S dy.
    /// </summary>
    public override void DeltaRuleBackward(in DeltaRuleArguments arguments, Storage dy,
        in DeltaRuleGradients gradients)
    {
        DeltaRuleArguments a = arguments;
        DeltaRuleGradients to = gradients;
        double[] from = Values(dy);
        Clear(to.Q, a.KeyDim, a);
        Clear(to.K, a.KeyDim, a);
        Clear(to.V, a.ValueDim, a);
        foreach ((int batch, int head, int walk) in Walks(a))
        {
            double[][] states = States(a, batch, head, walk);
            double[] change = new double[a.KeyDim * a.ValueDim];
            int[] order = a.Scan.Order(walk);
            for (int step = order.Length - 1; step >= 0; step--)
            {
                int token = order[step];
                if (a.Scan.Reads(step))
                {
                    Span<double> given = Result(from, a, batch, token, head),
                        query = Keys(a.Q, a, batch, token, head), dq = Keys(to.Q.View, a, batch, token, head);
                    for (int e = 0; e < a.KeyDim; e++)
                    {
                        dq[e] += Dot(Row(states[step + 1], a, e), given);
                        AddScaled(query[e], given, Row(change, a, e));
                    }
                }

                if (a.Scan.Writes(step)) Unwrite(a, to, batch, token, head, walk, states[step], change);
            }
        }
    }

    private static void Unwrite(in DeltaRuleArguments a, in DeltaRuleGradients to, int batch, int token, int head,
        int walk, double[] state, double[] change)
    {
        int gate = ((batch * a.Tokens + token) * GridScan.Count + walk) * a.Heads + head;
        double alpha = Math.Exp(Values(a.Decay)[gate]), beta = Values(a.Strength)[gate], product = 0;
        Span<double> key = Keys(a.K, a, batch, token, head), value = Vectors(a.V, a, batch, token, head);
        double[] stored = Stored(a, state, key), error = new double[a.ValueDim], du = Stored(a, change, key),
            dv = [.. du.Select(x => beta * x)];
        for (int e = 0; e < error.Length; e++) error[e] = value[e] - alpha * stored[e];
        Span<double> dk = Keys(to.K.View, a, batch, token, head);
        for (int e = 0; e < a.KeyDim; e++)
        {
            dk[e] += beta * Dot(Row(change, a, e), error) - alpha * Dot(Row(state, a, e), dv);
            product += Dot(Row(change, a, e), Row(state, a, e));
        }

        AddScaled(1, dv, Vectors(to.V.View, a, batch, token, head));
        if (to.Decay is { } decay) Add(decay, alpha * (product - Dot(dv, stored)));
        if (to.Strength is { } strength) Add(strength, Dot(du, error));
        for (int e = 0; e < a.KeyDim; e++)
        {
            Span<double> row = Row(change, a, e);
            AddScaled(-key[e], dv, row);
            for (int d = 0; d < row.Length; d++) row[d] *= alpha;
        }

        void Add(in Target target, double gradient) =>
            Values(target.Storage)[gate] = gradient + (target.Accumulate ? Values(target.Storage)[gate] : 0);
    }

    /// <summary>The state before the first step and behind each.</summary>
    private static double[][] States(in DeltaRuleArguments a, int batch, int head, int walk)
    {
        int[] order = a.Scan.Order(walk);
        double[][] states = new double[order.Length + 1][];
        states[0] = new double[a.KeyDim * a.ValueDim];
        for (int step = 0; step < order.Length; step++)
        {
            states[step + 1] = [.. states[step]];
            if (!a.Scan.Writes(step)) continue;
            int token = order[step], gate = ((batch * a.Tokens + token) * GridScan.Count + walk) * a.Heads + head;
            double alpha = Math.Exp(Values(a.Decay)[gate]), beta = Values(a.Strength)[gate];
            Span<double> key = Keys(a.K, a, batch, token, head), value = Vectors(a.V, a, batch, token, head);
            double[] stored = Stored(a, states[step], key);
            for (int e = 0; e < a.KeyDim; e++)
                for (int d = 0; d < a.ValueDim; d++)
                    states[step + 1][e * a.ValueDim + d] = alpha * states[step][e * a.ValueDim + d]
                        + beta * key[e] * (value[d] - alpha * stored[d]);
        }

        return states;
    }

    /// <summary>Sᵀk.</summary>
    private static double[] Stored(in DeltaRuleArguments a, double[] state, ReadOnlySpan<double> key)
    {
        double[] stored = new double[a.ValueDim];
        for (int e = 0; e < a.KeyDim; e++) AddScaled(key[e], Row(state, a, e), stored);
        return stored;
    }

    private static void Clear(in HeadGradient gradient, int width, in DeltaRuleArguments a)
    {
        for (int at = 0; !gradient.Accumulate && at < a.Batch * a.Tokens; at++)
            Values(gradient.View.Storage)
                .AsSpan(gradient.View.Offset + at * gradient.View.Stride, a.Heads * width).Clear();
    }

    private static IEnumerable<(int Batch, int Head, int Walk)> Walks(DeltaRuleArguments a) =>
        from batch in Enumerable.Range(0, a.Batch)
        from head in Enumerable.Range(0, a.Heads)
        from walk in Enumerable.Range(0, GridScan.Count)
        select (batch, head, walk);

    private static Span<double> Row(double[] state, in DeltaRuleArguments a, int row) =>
        state.AsSpan(row * a.ValueDim, a.ValueDim);

    private static Span<double> Result(double[] all, in DeltaRuleArguments a, int batch, int token, int head) =>
        all.AsSpan(((batch * a.Tokens + token) * a.Heads + head) * a.ValueDim, a.ValueDim);

    private static Span<double> Keys(in HeadView view, in DeltaRuleArguments a, int batch, int token, int head) =>
        Vector(view, a, batch, token, head, a.KeyDim);

    private static Span<double> Vectors(in HeadView view, in DeltaRuleArguments a, int batch, int token, int head) =>
        Vector(view, a, batch, token, head, a.ValueDim);

    private static Span<double> Vector(in HeadView view, in DeltaRuleArguments a, int batch, int token, int head,
        int width) =>
        Values(view.Storage).AsSpan(view.Offset + (batch * a.Tokens + token) * view.Stride + head * width, width);
}

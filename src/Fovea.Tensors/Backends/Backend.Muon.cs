namespace Fovea.Tensors;

public abstract partial class Backend
{
    /// <summary>One step of Muon; see <see cref="MuonArguments"/>. Made of other primitives, matrix by
    /// matrix.</summary>
    public virtual void Muon(IReadOnlyList<UpdateStep<MuonArguments>> steps, StepGuard? guard)
    {
        foreach (UpdateStep<MuonArguments> step in steps)
        {
            MuonArguments a = step.Arguments;
            Storage change = Rent(step.Count);
            AddScaled(step.Gradient, new(change), step.Count, (float)a.GradientScale);
            Lerp([(change, step.State[0], step.Count)], (float)(1 - a.Momentum));
            if (a.Nesterov) Lerp([(step.State[0], change, step.Count)], (float)a.Momentum);
            else AddScaled(step.State[0], new(change), step.Count, 1);
            Storage orthogonal = Orthogonalized(change, a.Rows, step.Count / a.Rows, a.Iterations);
            Sgd([new(new(a.LearningRate, 0, 0, a.WeightDecay, false, true, a.Scale), step.Parameter, orthogonal, [],
                step.Count)], null);
            Return(orthogonal);
        }
    }

    /// <summary>Newton-Schulz's iteration; takes the matrix over. Products are of the shorter side.</summary>
    private Storage Orthogonalized(Storage x, int rows, int columns, int iterations)
    {
        int count = rows * columns, side = Math.Min(rows, columns);
        bool isTall = rows > columns;
        Storage next = Rent(count), square = Rent(side * side), sum = Rent(side * side);
        double length = Math.Sqrt(SumsOfSquares([(x, count)])[0]) + MuonArguments.Epsilon;
        AddScaled(x, new(next), count, (float)(1 / length));
        (x, next) = (next, x);
        for (int i = 0; i < iterations; i++)
        {
            MatMul(new(x, x, new(square), 1, side, side, Math.Max(rows, columns), TransposeA: isTall,
                TransposeB: !isTall));
            AddScaled(square, new(sum), side * side, (float)MuonArguments.B);
            MatMul(new(square, square, new(sum, true), 1, side, side, side, Scale: (float)MuonArguments.C));
            AddScaled(x, new(next), count, (float)MuonArguments.A);
            MatMul(isTall ? new(x, sum, new(next, true), 1, rows, columns, side)
                : new(sum, x, new(next, true), 1, rows, columns, side));
            (x, next) = (next, x);
        }

        foreach (Storage used in (Storage[])[next, square, sum]) Return(used);
        return x;
    }
}

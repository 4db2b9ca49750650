using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    /// <inheritdoc/>
    public override void MatMul(in MatMulArguments arguments)
    {
        (Storage left, Storage right, Target c, int batch, int rows, int columns, int inner, bool transposeA,
            bool transposeB, float scale) = arguments;
        if (batch * rows * columns == 0) return;
        using Aten aten = new(this);
        NativeTensor a = transposeA
            ? aten.Strided(left, [batch, rows, inner], [rows * inner, 1, rows])
            : aten.View(left, batch, rows, inner);
        NativeTensor b = transposeB
            ? aten.Strided(right, [batch, inner, columns], [inner * columns, 1, inner])
            : aten.View(right, batch, inner, columns);
        if (batch == 1)
        {
            aten.Product(aten.View(c.Storage, rows, columns), Matrix(aten, a, rows, inner, transposeA, rows),
                Matrix(aten, b, inner, columns, transposeB, inner), c.Accumulate ? 1 : 0, scale);
            return;
        }

        aten.Put(aten.Multiply(aten.BatchProduct(a, b), scale), c, batch * rows * columns);
    }

    /// <inheritdoc/>
    public override void Linear(in LinearArguments arguments, Storage y)
    {
        LinearArguments a = arguments;
        if (a.Rows == 0) return;
        using Aten aten = new(this);
        NativeTensor x = LinearInputOf(aten, a, isForward: true);
        NativeTensor weight = aten.OperandStrided(a.Weight, [a.In, a.Out], [1, a.In]);
        if (IsLow)
        {
            NativeTensor low = aten.ProductOf(x, weight, a.Rows, a.Out,
                a.Bias is { } one ? aten.OperandView(one, a.Out) : null);
            if (a.Residual is null) aten.PutProduct(low, y, a.Rows * a.Out);
            else aten.Put(aten.Add(aten.View(a.Residual, a.Rows, a.Out), low), y, a.Rows * a.Out);
            return;
        }

        NativeTensor? bias = aten.Present(a.Bias, a.Out);
        NativeTensor result = aten.View(y, a.Rows, a.Out);
        if (a.Residual is null && bias is { } shift) aten.ProductPlus(result, shift, x, weight);
        else if (a.Residual is { } residual)
        {
            aten.ProductPlus(result, aten.View(residual, a.Rows, a.Out), x, weight);
            if (bias is { } added) aten.AddTo(result, added);
        }
        else aten.Product(result, x, weight);
    }

    /// <inheritdoc/>
    public override void LinearBackwardInput(in LinearArguments arguments, Storage dy,
        in LinearInputGradients gradients)
    {
        LinearArguments a = arguments;
        using Aten aten = new(this);
        if (a.Rows == 0)
        {
            if (a.Input == LinearInput.LayerNorm)
                NormBackward(aten, a.X, a.Gamma!, a.Mean, a.Rstd!, default, 0, a.In, gradients);
            return;
        }

        NativeTensor from = aten.OperandView(dy, a.Rows, a.Out), weight = aten.OperandView(a.Weight, a.Out, a.In);
        if (a.Input == LinearInput.Identity && !IsLow)
        {
            Target direct = gradients.Dx!.Value;
            aten.Product(aten.View(direct.Storage, a.Rows, a.In), from, weight, direct.Accumulate ? 1 : 0);
            return;
        }

        NativeTensor df = aten.ProductOf(from, weight, a.Rows, a.In);
        if (a.Input == LinearInput.LayerNorm)
            NormBackward(aten, a.X, a.Gamma!, a.Mean, a.Rstd!, aten.Single(df), a.Rows, a.In, gradients);
        else if (a.Input == LinearInput.Identity) aten.PutProduct(df, gradients.Dx!.Value, a.Rows * a.In);
        else aten.PutProduct(Slope(aten, a.Activation, aten.OperandView(a.X, a.Rows, a.In), df), gradients.Dx!.Value,
            a.Rows * a.In);
    }

    /// <inheritdoc/>
    public override void LinearBackwardWeight(in LinearArguments arguments, Storage dy, Target dw, Target? dbias)
    {
        LinearArguments a = arguments;
        using Aten aten = new(this);
        NativeTensor x = a.Rows == 0 ? aten.Empty([0, a.In], aten.ProductType)
            : LinearInputOf(aten, a, isForward: false);
        aten.Product(aten.View(dw.Storage, a.Out, a.In), aten.OperandStrided(dy, [a.Out, a.Rows], [1, a.Out]), x,
            dw.Accumulate ? 1 : 0);
        if (dbias is { } target) ColumnSums(dy, target, a.Rows, a.Out);
    }

    /// <inheritdoc/>
    public override void ColumnSums(Storage x, Target y, int rows, int columns)
    {
        using Aten aten = new(this);
        aten.Put(aten.Sum(aten.View(((TorchStorage)x).AsStored, rows, columns), [0]), y, columns);
    }

    /// <summary>f(x) of a linear layer; the forward pass leaves it with x for the backward pass.</summary>
    private static NativeTensor LinearInputOf(in Aten aten, in LinearArguments a, bool isForward)
    {
        if (a.Input == LinearInput.Identity) return aten.OperandView(a.X, a.Rows, a.In);
        LinearInputKey key = new(a.Input, a.Activation, a.Gamma, a.Beta);
        TorchStorage storage = (TorchStorage)a.X;
        if (!isForward && storage.InputOf(key) is { } kept) return kept;
        NativeTensor made = a.Input == LinearInput.Activation
            ? Value(aten, a.Activation, aten.OperandView(a.X, a.Rows, a.In))
            : aten.Operand(NormalisedRows(aten, a, aten.View(a.X, a.Rows, a.In), isForward));
        if (isForward)
        {
            storage.KeepInput(made, aten.ProductType, key);
            aten.GiveAway(made);
        }

        return made;
    }

    private static NativeTensor NormalisedRows(in Aten aten, in LinearArguments a, NativeTensor x, bool keepStatistics)
    {
        if (a.Beta is null)
        {
            (NativeTensor normed, NativeTensor scale) = RmsNorm(aten, x, a.Gamma!, a.In, a.Epsilon);
            if (keepStatistics) aten.Put(scale, a.Rstd!, a.Rows);
            return normed;
        }

        (NativeTensor normalised, NativeTensor mean, NativeTensor rstd) = aten.Three("native_layer_norm", x,
            (long[])[a.In], Argument.Some(aten.View(a.Gamma!, a.In)), Argument.Some(aten.View(a.Beta, a.In)),
            (double)a.Epsilon);
        if (keepStatistics)
        {
            aten.Put(mean, a.Mean!, a.Rows);
            aten.Put(rstd, a.Rstd!, a.Rows);
        }

        return normalised;
    }

    /// <summary>The only matrix of a batch of one.</summary>
    private static NativeTensor Matrix(in Aten aten, NativeTensor batch, int rows, int columns, bool transposed,
        int stride) =>
        aten.Strided(batch, [rows, columns], transposed ? [1, stride] : [columns, 1]);
}

namespace Fovea.Tensors;

/// <content>Gradient checkpointing: results are computed again instead of stored.</content>
public sealed partial class Tape
{
    [ThreadStatic]
    private static bool _isRecomputing;

    /// <summary>
    /// A checkpointed part is being computed again, for its gradients. What a step does once, such as counting itself
    /// or updating running statistics, was done the first time.
    /// </summary>
    public static bool IsRecomputing => _isRecomputing;

    /// <summary>
    /// A part of a model of which only input and result stay until <see cref="Backward(Tensor, Tensor?)"/>, which
    /// computes the rest again (Chen et al. 2016, arXiv:1604.06174): memory for a second forward pass. Gradients have
    /// the same bits as without.
    /// </summary>
    /// <param name="compute">The part: a function of its argument and of parameters, which draws the same numbers when
    /// it is called again.</param>
    /// <param name="input">What it takes.</param>
    /// <returns>Its result; without a recording tape simply that.</returns>
    public static Tensor Checkpoint(Func<Tensor, Tensor> compute, Tensor input)
    {
        if (Current is not { } tape) return compute(input);
        Tensor output;
        using (Pause())
        using (StepScope scope = StepScope.Begin())
        using (Record())   // tells whether anything in it is trained; then it is thrown away
            output = scope.Return(compute(input));
        if (output.RequiresGradient && output != input) tape.Add(output, () => Recompute(compute, input, output), []);
        return output;
    }

    private static void Recompute(Func<Tensor, Tensor> compute, Tensor input, Tensor output)
    {
        using StepScope scope = StepScope.Begin();
        using Tape tape = Record();
        Tensor start = input.Share(input.Shape, nameof(Checkpoint));
        start.RequiresGradient = input.RequiresGradient;
        Tensor result;
        bool outer = _isRecomputing;
        _isRecomputing = true;
        try
        {
            result = compute(start);
        }
        finally
        {
            _isRecomputing = outer;
        }

        tape.Backward(result, output.Gradient);
        if (start.HasGradient) input.TakeGradient(start);
    }
}

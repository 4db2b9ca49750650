using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Vision.Explanation;

/// <summary>Differentiates one class score with respect to what lies inside a model, while its parameters are left
/// alone.</summary>
internal sealed class ScoreGradient : IDisposable
{
    private readonly Tape? _tape;

    private ScoreGradient(Tape? tape, float[] scores, int target) => (_tape, Scores, Target) = (tape, scores, target);

    /// <summary>A score per class.</summary>
    public float[] Scores { get; }

    /// <summary>The class that was differentiated.</summary>
    public int Target { get; }

    /// <param name="model">The model's parameters. They count as constants meanwhile: nothing is computed for them, and
    /// they get no gradient.</param>
    /// <param name="score">Makes the scores <c>[1, class]</c>, while a tape records.</param>
    /// <param name="target">The class; null: the one with the highest score.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public static ScoreGradient Of(IEnumerable<(string Name, Parameter Parameter)> model, Func<Tensor> score,
        int? target)
    {
        Tensor[] trained = [.. model.Select(entry => entry.Parameter.Value).Where(value => value.RequiresGradient)];
        foreach (Tensor value in trained) value.RequiresGradient = false;
        Tape tape = Tape.Record();
        try
        {
            Tensor output = score();
            float[] scores = output.ToArray();
            int chosen = Chosen(scores, target);
            float[] one = new float[scores.Length];
            one[chosen] = 1;
            tape.Backward(output, Tensor.From(one, output.Shape, output.Device));
            return new(tape, scores, chosen);
        }
        catch
        {
            tape.Dispose();
            throw;
        }
        finally
        {
            foreach (Tensor value in trained) value.RequiresGradient = true;
        }
    }

    /// <summary>The scores alone: nothing is differentiated.</summary>
    /// <inheritdoc cref="Of"/>
    public static ScoreGradient None(Func<Tensor> score, int? target)
    {
        using IDisposable pause = Tape.Pause();
        float[] scores = score().ToArray();
        return new(null, scores, Chosen(scores, target));
    }

    public void Dispose() => _tape?.Dispose();

    private static int Chosen(float[] scores, int? target)
    {
        int chosen = target ?? Array.IndexOf(scores, scores.Max());
        return (uint)chosen < (uint)scores.Length ? chosen
            : throw new ArgumentOutOfRangeException(nameof(target), chosen,
                $"The model has {scores.Length} classes, counted from 0.");
    }
}

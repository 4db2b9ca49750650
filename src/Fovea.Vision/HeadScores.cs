using Fovea.Tensors;

namespace Fovea.Vision;

/// <summary>Scores of a model's classifier heads, for losses that treat them differently (DeiT: Touvron et al. 2021,
/// arXiv:2012.12877, section 4).</summary>
/// <param name="Class">Of the class token, or of what the model pools instead; <c>[batch, class]</c>. It learns from
/// the labels.</param>
/// <param name="Distillation">Of the distillation token, <c>[batch, class]</c>; it learns from a teacher. Null: the
/// model has none.</param>
public readonly record struct HeadScores(Tensor Class, Tensor? Distillation = null)
{
    /// <summary>Answer of the model: the mean of the classifier heads, <c>[batch, class]</c>.</summary>
    public Tensor Mean() => Distillation is null ? Class : Ops.Scale(Ops.Add(Class, Distillation), 0.5f);
}

namespace Fovea.Training.Evaluation;

/// <summary>Views of each picture that a model is asked about; their scores (logits) are averaged.</summary>
public enum TestTimeAugmentation
{
    /// <summary>The picture alone.</summary>
    None,

    /// <summary>The picture and its mirror image.</summary>
    Flip,
}

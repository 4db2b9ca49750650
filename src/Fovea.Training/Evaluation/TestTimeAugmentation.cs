namespace Fovea.Training.Evaluation;

/// <summary>Views of each image that a model is asked about; their scores (logits) are averaged.</summary>
public enum TestTimeAugmentation
{
    /// <summary>The image alone.</summary>
    None,

    /// <summary>The image and its mirror image.</summary>
    Flip,
}

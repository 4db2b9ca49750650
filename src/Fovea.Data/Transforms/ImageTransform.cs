using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary>
/// One step from a stored image to what a model sees, with torchvision's definition. An immutable description: it
/// prints as the text that <see cref="TransformPipeline.Parse(string)"/> reads.
/// </summary>
public abstract record ImageTransform
{
    /// <summary>Replaces <paramref name="image"/> by its transform.</summary>
    /// <param name="image">Bytes, planar; shape and pixels change.</param>
    /// <param name="draws">Random numbers of this step for this image; the same ones give the same result.</param>
    /// <param name="scratch">The worker's memory.</param>
    /// <exception cref="DataException">The image is too small for the step.</exception>
    public abstract void Apply(RawImage image, Philox draws, ImageScratch scratch);

    /// <summary>True for steps that change the image after it was normalised. They stand last.</summary>
    public virtual bool FollowsNormalization => false;

    /// <summary>Changes the normalised image; nothing unless <see cref="FollowsNormalization"/>.</summary>
    /// <param name="samples">Samples, <c>[channel, height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="draws">Random numbers of this step for this image.</param>
    public virtual void ApplyNormalized(Span<float> samples, int height, int width, Philox draws)
    {
    }

    /// <summary>The step as text, such as <c>random-crop:32:padding=4</c>; default values are left out.</summary>
    public abstract override string ToString();
}

using Fovea.Data.Transforms;

namespace Fovea.Data.Loading;

/// <summary>
/// How large an image has to be for its transforms to lose nothing by it: photographs of many megapixels are decoded to
/// a half, a quarter or an eighth, which costs a fraction of the time. Images of ImageNet's usual size are not touched.
/// </summary>
internal static class SourceSize
{
    /// <summary>Pixels of the shorter side; 0 asks for the full size.</summary>
    public static int LeastSide(TransformPipeline transforms) =>
        (transforms.Steps.Count > 0 ? transforms.Steps[0] : null) switch
        {
            // the filter then still sees at least two pixels for each of its own
            Resize { Width: null } resize => 2 * resize.Height,
            // no crop grows that would not have grown anyway
            RandomResizedCrop crop => (int)Math.Ceiling(crop.Size / SmallestShare(crop)),
            _ => 0,
        };

    /// <summary>The shortest side of a crop as a share of the image's shorter side.</summary>
    private static double SmallestShare(RandomResizedCrop crop) =>
        Math.Sqrt(crop.Scale.Low * Math.Min(1, Math.Min(crop.Ratio.Low, 1 / crop.Ratio.High)));
}

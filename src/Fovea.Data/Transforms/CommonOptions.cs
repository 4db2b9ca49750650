
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary>Options that several steps have.</summary>
internal static class CommonOptions
{
    /// <summary>Largest number of pixels along a side, and of anything else that is counted.</summary>
    public const int MostPixels = SizeForms.MostPixels;

    /// <summary>Side in pixels, without a key.</summary>
    public static Option<int> Size { get; } = SizeAs("SIZE");

    /// <summary>Level of what lies outside the image.</summary>
    public static Option<int> Fill { get; } = Option.Of("fill", ValueForm.Whole(0, 255), 0,
        "level of what lies outside the image");

    /// <summary>Interpolation of pixels.</summary>
    public static Option<Interpolation> Interpolation { get; } =
        Option.Of("interpolation", ValueForm.Choice<Interpolation>(), default, "how pixels are interpolated");

    /// <summary>Probability of the step.</summary>
    public static Option<double> Probability(double standard) =>
        Option.Of("p", ValueForm.Real(Interval.Share), standard, "probability");

    /// <summary>Pixels, without a key, under another name in help.</summary>
    public static Option<int> SizeAs(string placeholder) => Option.Of("size", Pixels(placeholder), 0, "pixels");

    /// <summary>Reads pixels.</summary>
    /// <exception cref="UsageException">The text is no number of pixels.</exception>
    public static int ReadSize(string text)
    {
        ValueForm<int> form = Pixels("SIZE");
        return form.TryRead(text, out int size) && form.Allows(size) ? size
            : throw new UsageException($"a size must be {form.Expected}, not '{text}'");
    }

    private static ValueForm<int> Pixels(string placeholder) =>
        ValueForm.Whole(1, MostPixels) with { Placeholder = placeholder, Noun = "a whole number of pixels" };
}

namespace Fovea.Data.Transforms;

/// <summary>The steps that a text can name. A new step is one line here.</summary>
internal static class TransformSyntax
{
    private static (string Usage, Func<StepOptions, ImageTransform> Read)[] Known { get; } =
    [
        ("center-crop:SIZE", options => new CenterCrop(options.Size())),
        ("hflip[:p=0.5]", options => new RandomHorizontalFlip(options.Number("p", 0.5, 0, 1))),
        ("pad:PIXELS", options => new Pad(options.Size())),
        ("random-crop:SIZE[:padding=0]", options => new RandomCrop(options.Size(), options.Whole("padding", 0))),
        ("random-resized-crop:SIZE[:scale=0.08..1][:ratio=0.75..1.3333][:interpolation=bilinear|bicubic]", ReadRandomResizedCrop),
        ("resize:SHORTER[:interpolation=bilinear|bicubic] or resize:HEIGHTxWIDTH", ReadResize),
    ];

    /// <summary>Reads one step.</summary>
    /// <exception cref="UsageException">With what was wrong and how the step is written.</exception>
    public static ImageTransform Parse(string text)
    {
        string name = text.Split(':')[0];
        foreach ((string usage, Func<StepOptions, ImageTransform> read) in Known)
        {
            if (NameIn(usage) != name) continue;
            StepOptions options = new(text, usage);
            ImageTransform step = read(options);
            options.RequireAllRead();
            return step;
        }

        string[] names = [.. Known.Select(step => NameIn(step.Usage))];
        throw new UsageException(
            $"Transform '{text}': there is no step '{name}'.{Suggest.DidYouMean(name, names)} The steps are {string.Join(", ", names)}.");
    }

    private static RandomResizedCrop ReadRandomResizedCrop(StepOptions options)
    {
        RandomResizedCrop plain = new(options.Size());
        return plain with
        {
            Scale = options.Range("scale", plain.Scale, highest: 1),
            Ratio = options.Range("ratio", plain.Ratio, highest: 100),
            Interpolation = options.Interpolation(),
        };
    }

    private static Resize ReadResize(StepOptions options)
    {
        (int height, int? width) = options.Extent();
        return new Resize(height, width, options.Interpolation());
    }

    private static string NameIn(string usage) => usage[..usage.AsSpan().IndexOfAny(':', '[')];
}

namespace Fovea.Data.Transforms;

/// <summary>The steps that a text can name. A new step is one line here.</summary>
internal static class TransformSyntax
{
    private const string Interpolations = "bilinear|bicubic|nearest|box|lanczos";

    private static (string Usage, Func<StepOptions, ImageTransform> Read)[] Known { get; } =
    [
        ("auto-augment[:policy=imagenet|cifar10|svhn][:fill=0]",
            options => new AutoAugment(options.Choice<AutoAugmentPolicy>("policy"), Fill(options))),
        ("center-crop:SIZE", options => new CenterCrop(options.Size())),
        ("color-jitter[:brightness=0][:contrast=0][:saturation=0][:hue=0]", ReadColorJitter),
        ("gaussian-blur:SIZE[:sigma=0.1..2][:p=1]", ReadGaussianBlur),
        ("grayscale", _ => new Grayscale()),
        ("hflip[:p=0.5]", options => new RandomHorizontalFlip(options.Number("p", 0.5, 0, 1))),
        ("pad:PIXELS", options => new Pad(options.Size())),
        ("rand-augment[:ops=2][:magnitude=9][:bins=31][:deviation=0][:p=1][:fill=0]", ReadRandAugment),
        ("random-crop:SIZE[:padding=0]", options => new RandomCrop(options.Size(), options.Whole("padding", 0))),
        ("random-erasing[:p=0.5][:value=zero|random][:scale=0.02..0.33][:ratio=0.3..3.3]", ReadRandomErasing),
        ("random-grayscale[:p=0.1]", options => new RandomGrayscale(options.Number("p", 0.1, 0, 1))),
        ($"random-resized-crop:SIZE[:scale=0.08..1][:ratio=0.75..1.3333][:interpolation={Interpolations}]", ReadRandomResizedCrop),
        ($"resize:SHORTER[:interpolation={Interpolations}] or resize:HEIGHTxWIDTH", ReadResize),
        ("trivial-augment[:bins=31][:fill=0]", options => new TrivialAugmentWide(options.Whole("bins", 31, least: 2), Fill(options))),
        ("vflip[:p=0.5]", options => new RandomVerticalFlip(options.Number("p", 0.5, 0, 1))),
    ];

    /// <summary>Reads one step.</summary>
    /// <exception cref="UsageException">With what was wrong and how the step is written.</exception>
    public static ImageTransform Parse(string text)
    {
        if (text.StartsWith("rand-m", StringComparison.Ordinal)) return RandAugment.FromTimm(text);
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
            $"Transform '{text}': there is no step '{name}'.{NearestName.Question(name, names, " Did you mean '{0}'?")} The steps are {string.Join(", ", names)}.");
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

    private static ColorJitter ReadColorJitter(StepOptions options) => new()
    {
        Brightness = options.Number("brightness", 0, 0, 100),
        Contrast = options.Number("contrast", 0, 0, 100),
        Saturation = options.Number("saturation", 0, 0, 100),
        Hue = options.Number("hue", 0, 0, 0.5),
    };

    private static GaussianBlur ReadGaussianBlur(StepOptions options)
    {
        GaussianBlur plain = new(options.OddSize());
        return plain with { Sigma = options.Range("sigma", plain.Sigma, highest: 1000), Probability = options.Number("p", 1, 0, 1) };
    }

    private static RandAugment ReadRandAugment(StepOptions options)
    {
        RandAugment plain = new();
        int bins = options.Whole("bins", plain.Bins, least: 2);
        return plain with
        {
            Ops = options.Whole("ops", plain.Ops, most: 16),
            Bins = bins,
            Magnitude = options.Whole("magnitude", Math.Min(plain.Magnitude, bins - 1), most: bins - 1),
            Std = options.Number("deviation", 0, 0, 100),
            Probability = options.Number("p", 1, 0, 1),
            Fill = Fill(options),
        };
    }

    private static RandomErasing ReadRandomErasing(StepOptions options)
    {
        RandomErasing plain = new();
        return new(options.Number("p", plain.Probability, 0, 1))
        {
            Noise = options.Choice<ErasingValue>("value") == ErasingValue.Random,
            Scale = options.Range("scale", plain.Scale, highest: 1),
            Ratio = options.Range("ratio", plain.Ratio, highest: 100),
        };
    }

    private static byte Fill(StepOptions options) => (byte)options.Whole("fill", 0, most: 255);

    private static string NameIn(string usage) => usage.AsSpan().IndexOfAny(':', '[') is int end and >= 0 ? usage[..end] : usage;

    private enum ErasingValue
    {
        Zero,
        Random,
    }
}

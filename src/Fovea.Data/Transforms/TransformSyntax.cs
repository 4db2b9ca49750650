namespace Fovea.Data.Transforms;

/// <summary>The steps that a text can name. A new step is its file and one line here.</summary>
internal static class TransformSyntax
{
    private static TransformEntry[] Known { get; } =
    [
        AutoAugment.Entry,
        CenterCrop.Entry,
        ColorJitter.Entry,
        GaussianBlur.Entry,
        Grayscale.Entry,
        RandomHorizontalFlip.Entry,
        Pad.Entry,
        RandAugment.Entry,
        RandomCrop.Entry,
        RandomErasing.Entry,
        RandomGrayscale.Entry,
        RandomResizedCrop.Entry,
        RandomSolarize.Entry,
        Resize.Entry,
        TrivialAugmentWide.Entry,
        RandomVerticalFlip.Entry,
    ];

    /// <summary>Reads one step.</summary>
    /// <exception cref="UsageException">With what was wrong and how the step is written.</exception>
    public static ImageTransform Parse(string text)
    {
        if (text.StartsWith("rand-m", StringComparison.Ordinal)) return RandAugment.FromTimm(text);
        string name = text.Split(':')[0];
        if (Array.Find(Known, step => step.Name == name) is { } step) return step.Read(text);
        string[] names = [.. Known.Select(step => step.Name)];
        string question = NearestName.Question(name, names, " Did you mean '{0}'?");
        throw new UsageException(
            $"Transform '{text}': there is no step '{name}'.{question} The steps are {string.Join(", ", names)}.");
    }
}

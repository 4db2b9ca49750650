using Fovea.Data.Transforms.Policies;

namespace Fovea.Data.Transforms;

/// <summary>An automatic augmentation by its short name, as timm (its option <c>aa</c>) and torchvision's training
/// script have them.</summary>
/// <param name="Name">As written.</param>
/// <param name="Step">What it stands for.</param>
public sealed record AutomaticAugmentation(string Name, ImageTransform Step)
{
    private static readonly (string[] Names, Func<ImageTransform> Make)[] Known =
    [
        (["imagenet", "original"], () => new AutoAugment()),
        (["cifar10"], () => new AutoAugment(AutoAugmentPolicy.Cifar10)),
        (["svhn"], () => new AutoAugment(AutoAugmentPolicy.Svhn)),
        (["ra"], () => new RandAugment()),
        (["ta-wide", "ta_wide"], () => new TrivialAugmentWide()),
    ];

    /// <summary>Names that <see cref="Parse"/> takes, with an example of timm's.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Known.SelectMany(entry => entry.Names), "rand-m9-mstd0.5-inc1"];

    private static readonly string[] Steps = ["auto-augment", "rand-augment", "trivial-augment"];

    /// <summary>
    /// Reads <c>imagenet</c> (timm: <c>original</c>), <c>cifar10</c>, <c>svhn</c>, <c>ra</c>, <c>ta-wide</c>, timm's
    /// <c>rand-m9-mstd0.5-inc1</c>, or a step such as <c>rand-augment:magnitude=5</c>.
    /// </summary>
    /// <exception cref="UsageException">There is no such augmentation; the message names the nearest.</exception>
    public static AutomaticAugmentation Parse(string text) => new(text, StepOf(text));

    /// <summary>A step of a pipeline is such an augmentation.</summary>
    public static bool IsStep(ImageTransform step) => step is AutoAugment or RandAugment or TrivialAugmentWide;

    /// <summary>Reads a text, so that one can stand where an augmentation is wanted.</summary>
    public static implicit operator AutomaticAugmentation(string text) => Parse(text);

    /// <summary>The name as written.</summary>
    public override string ToString() => Name;

    private static ImageTransform StepOf(string text)
    {
        if (text.StartsWith("rand-m", StringComparison.Ordinal)) return RandAugment.FromTimm(text);
        foreach ((string[] names, Func<ImageTransform> make) in Known)
            if (names.Contains(text)) return make();
        string name = text.Split(':')[0];
        if (Steps.Contains(name)) return TransformSyntax.Parse(text);

        string[] all = [.. Names, .. Steps];
        string question = NearestName.Question(name, all, " Did you mean '{0}'?");
        throw new UsageException(
            $"Augmentation '{text}': there is none of this name.{question} There are {string.Join(", ", all)}.");
    }
}

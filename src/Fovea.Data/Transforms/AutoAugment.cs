
using Fovea.Core.Options;
using Fovea.Data.Transforms.Pixels;
using Fovea.Data.Transforms.Policies;

namespace Fovea.Data.Transforms;

/// <summary>
/// <c>auto-augment[:policy=imagenet|cifar10|svhn][:fill=0]</c>: one of 25 learned pairs of operations, each done with
/// its probability.
/// </summary>
/// <remarks>Source: Cubuk et al. 2019, arXiv:1805.09501, with the strengths of torchvision 0.14; nearest
/// pixels.</remarks>
/// <param name="Policy">Where the pairs were learned.</param>
/// <param name="Fill">Level of what lies outside the image, 0 to 255.</param>
public sealed record AutoAugment(AutoAugmentPolicy Policy = AutoAugmentPolicy.ImageNet, byte Fill = 0) : ImageTransform
{
    private const int Bins = 10;

    private static readonly Option<AutoAugmentPolicy> PolicyOption =
        Option.Of("policy", ValueForm.Choice<AutoAugmentPolicy>(), AutoAugmentPolicy.ImageNet,
            "where the pairs were learned");

    internal static TransformEntry Entry { get; } = new(
        "auto-augment",
        [PolicyOption, CommonOptions.Fill],
        values => new AutoAugment(values.Of(PolicyOption), (byte)values.Of(CommonOptions.Fill)));

    /// <inheritdoc/>
    public override void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        PolicyStep[][] pairs = LearnedPolicies.Of(Policy);
        PolicyStep[] pair = pairs[draws.Below(0, pairs.Length)];
        for (int i = 0; i < pair.Length; i++)
        {
            PolicyStep step = pair[i];
            if (draws.Uniform(1 + (ulong)i) >= step.Probability) continue;
            float magnitude = AugmentationSpace.Standard.Magnitude(step.Op, step.Level, Bins, image.Height,
                image.Width);
            bool opposite = AugmentationSpace.IsSigned(step.Op) && draws.Below(3 + (ulong)i, 2) == 0;
            AugmentationSpace.Apply(step.Op, image, opposite ? -magnitude : magnitude, Fill, scratch);
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        Entry.Print(PolicyOption.PrintUnlessDefault(Policy), CommonOptions.Fill.PrintUnlessDefault(Fill));
}

namespace Fovea.Data.Transforms.Policies;

/// <summary>The dataset that a policy of <see cref="AutoAugment"/> was learned on.</summary>
public enum AutoAugmentPolicy
{
    /// <summary>ImageNet: colours mostly.</summary>
    ImageNet,

    /// <summary>CIFAR-10: colours and shifts.</summary>
    Cifar10,

    /// <summary>Street view house numbers: geometry mostly.</summary>
    Svhn,
}

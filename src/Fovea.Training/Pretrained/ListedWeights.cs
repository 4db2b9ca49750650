using Fovea.Data.Transforms.Pixels;

namespace Fovea.Training.Pretrained;

/// <summary>A published file of weights that has a name.</summary>
public sealed record ListedWeights
{
    /// <summary>Name, mostly timm's: architecture and training, <c>vit_small_patch16_224.augreg_in21k_ft_in1k</c>.
    /// </summary>
    public required string Name { get; init; }

    /// <summary>Other names that find it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The model that it is for.</summary>
    public required string Preset { get; init; }

    /// <summary>Its place with its publisher.</summary>
    public required Uri Address { get; init; }

    /// <summary>Length of the file; null: not known.</summary>
    public long? Bytes { get; init; }

    /// <summary>SHA-256 of the file, or its first digits; null: not known.</summary>
    public string? Sha256 { get; init; }

    /// <summary>The file wants a login, or its licence accepted: people fetch it.</summary>
    public bool NeedsLogin { get; init; }

    /// <summary>Terms of use, mostly an SPDX identifier.</summary>
    public string Licence { get; init; } = "not known";

    /// <summary>Classes of its head, 0 for none; null: not known.</summary>
    public int? Classes { get; init; }

    /// <summary>Parameters in it; null: not known.</summary>
    public long? Parameters { get; init; }

    /// <summary>Height and width of its images where they are not the preset's.</summary>
    public int? ImageSize { get; init; }

    /// <summary>Mean of the channels that its images were normalised with; null: not known.</summary>
    public (double Red, double Green, double Blue)? Mean { get; init; }

    /// <summary>Standard deviation of the channels; null: not known.</summary>
    public (double Red, double Green, double Blue)? Std { get; init; }

    /// <summary>Share of a resized image that was cut from its middle; null: not known.</summary>
    public double? CropShare { get; init; }

    /// <summary>Way in which its images were resized; null: not known.</summary>
    public Interpolation? Interpolation { get; init; }

    /// <summary>Takes the place of the first one of its preset for whoever names the model alone.</summary>
    public bool IsFirst { get; init; }

    /// <summary>The list that it is from, for messages.</summary>
    public string List { get; init; } = "";

    /// <summary>Name of the file.</summary>
    public string FileName => Uri.UnescapeDataString(Address.Segments[^1]);

    /// <summary>Length of the file, as good as it is known: four bytes a parameter; null: not known.</summary>
    public long? AboutBytes => Bytes ?? 4 * Parameters;

    /// <inheritdoc/>
    public override string ToString() => Name;
}

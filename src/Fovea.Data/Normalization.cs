using System.Text.Json.Serialization;

namespace Fovea.Data;

/// <summary>Mean and standard deviation of each channel of a training set, with samples scaled to 0 .. 1.</summary>
/// <param name="Mean">One value per channel, 0 to 1.</param>
/// <param name="Std">One value per channel, above 0.</param>
public sealed record Normalization(IReadOnlyList<float> Mean,
    [property: JsonPropertyName("deviation")] IReadOnlyList<float> Std)
{
    /// <summary>LeCun's handwritten digits, 1 channel.</summary>
    public static Normalization Mnist { get; } = new([0.1307f], [0.3081f]);

    /// <summary>Zalando's articles of clothing, 1 channel.</summary>
    public static Normalization FashionMnist { get; } = new([0.2860f], [0.3530f]);

    /// <summary>CIFAR-10, 3 channels.</summary>
    public static Normalization Cifar10 { get; } = new([0.4914f, 0.4822f, 0.4465f], [0.2470f, 0.2435f, 0.2616f]);

    /// <summary>CIFAR-100, 3 channels.</summary>
    public static Normalization Cifar100 { get; } = new([0.5071f, 0.4865f, 0.4409f], [0.2673f, 0.2564f, 0.2762f]);

    /// <summary>ImageNet, 3 channels: what pretrained models of timm and torchvision usually expect.</summary>
    public static Normalization ImageNet { get; } = new([0.485f, 0.456f, 0.406f], [0.229f, 0.224f, 0.225f]);

    /// <summary>The same for images whose channels were repeated (1 to 3) or turned grey (3 to 1, weighted as luma
    /// is).</summary>
    /// <exception cref="NotSupportedException">Neither of the two.</exception>
    public Normalization ForChannels(int channels)
    {
        if (channels == Mean.Count) return this;
        if (Mean.Count == 1)
            return new([.. Enumerable.Repeat(Mean[0], channels)], [.. Enumerable.Repeat(Std[0], channels)]);
        if (Mean.Count == 3 && channels == 1) return new([Luma(Mean)], [Luma(Std)]);
        throw new NotSupportedException(
            $"Mean and deviation of {Mean.Count} channels do not fit {channels}; 1 and 3 convert.");
    }

    private static float Luma(IReadOnlyList<float> rgb) => 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2];
}

using Fovea.Tensors;

namespace Fovea.Data.Transforms;

/// <summary>Steps applied one after the other. Immutable; prints as the text it was read from.</summary>
/// <param name="steps">In order of application.</param>
public sealed class TransformPipeline(params IEnumerable<ImageTransform> steps) : IEquatable<TransformPipeline>
{
    /// <summary>No steps: pictures stay as they are.</summary>
    public static TransformPipeline None { get; } = new();

    /// <summary>The steps, in order of application.</summary>
    public IReadOnlyList<ImageTransform> Steps { get; } = [.. steps];

    /// <summary>Reads steps separated by commas, such as <c>random-crop:32:padding=4,hflip</c>. <c>none</c> has none.</summary>
    /// <exception cref="UsageException">A step or option does not exist or has a wrong value; the message names the right ones.</exception>
    public static TransformPipeline Parse(string text)
    {
        string[] steps = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return steps is [] or ["none"] ? None : new(steps.Select(TransformSyntax.Parse));
    }

    /// <summary>Applies all steps to a picture.</summary>
    /// <param name="image">Replaced by the result.</param>
    /// <param name="draws">Random numbers of this picture, such as <c>Philox.For(seed, "augment", epoch, index)</c>.</param>
    /// <param name="scratch">The worker's memory.</param>
    public void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        for (int i = 0; i < Steps.Count; i++) Steps[i].Apply(image, new Philox(draws.Seed, draws.Stream + (ulong)i), scratch);
    }

    /// <inheritdoc/>
    public bool Equals(TransformPipeline? other) => other is not null && Steps.SequenceEqual(other.Steps);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TransformPipeline);

    /// <inheritdoc/>
    public override int GetHashCode() => Steps.Aggregate(0, HashCode.Combine);

    /// <summary>The steps separated by commas, or <c>none</c>.</summary>
    public override string ToString() => Steps.Count == 0 ? "none" : string.Join(',', Steps);
}

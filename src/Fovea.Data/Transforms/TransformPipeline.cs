using Fovea.Data.Transforms.Pixels;

namespace Fovea.Data.Transforms;

/// <summary>Steps applied one after the other. Immutable; prints as the text it was read from.</summary>
/// <param name="steps">In order of application.</param>
public sealed class TransformPipeline(params IEnumerable<ImageTransform> steps) : IEquatable<TransformPipeline>
{
    /// <summary>No steps: images stay as they are.</summary>
    public static TransformPipeline None { get; } = new();

    /// <summary>The steps, in order of application.</summary>
    public IReadOnlyList<ImageTransform> Steps { get; } = [.. steps];

    /// <summary>Reads steps separated by commas, such as <c>random-crop:32:padding=4,hflip</c>. <c>none</c> has
    /// none.</summary>
    /// <exception cref="UsageException">A step or option does not exist or has a wrong value; the message names the
    /// right ones.</exception>
    public static TransformPipeline Parse(string text)
    {
        string[] steps = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (steps is [] or ["none"]) return None;
        TransformPipeline pipeline = new(steps.Select(TransformSyntax.Parse));
        ImageTransform? late = pipeline.Steps.FirstOrDefault(step => step.FollowsNormalization);
        return late is null || pipeline.Steps.SkipWhile(step => step != late).All(step => step.FollowsNormalization)
            ? pipeline
            : throw new UsageException(
                $"Transform '{late}': changes the normalised image, so it stands last; move it to the end.");
    }

    /// <summary>Reads a text, so that one can stand where a pipeline is wanted.</summary>
    public static implicit operator TransformPipeline(string text) => Parse(text);

    /// <summary>Applies all steps to an image.</summary>
    /// <param name="image">Replaced by the result.</param>
    /// <param name="draws">Random numbers of this image, such as <c>Philox.For(seed, "augment", epoch,
    /// index)</c>.</param>
    /// <param name="scratch">The worker's memory.</param>
    public void Apply(RawImage image, Philox draws, ImageScratch scratch)
    {
        for (int i = 0; i < Steps.Count; i++)
            Steps[i].Apply(image, new Philox(draws.Seed, draws.Stream + (ulong)i), scratch);
    }

    /// <summary>Applies the steps that follow normalisation.</summary>
    /// <param name="samples">Normalised samples, <c>[channel, height, width]</c>.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="draws">Random numbers of this image, as in <see cref="Apply"/>.</param>
    public void ApplyNormalized(Span<float> samples, int height, int width, Philox draws)
    {
        for (int i = 0; i < Steps.Count; i++)
            Steps[i].ApplyNormalized(samples, height, width, new Philox(draws.Seed, draws.Stream + (ulong)i));
    }

    /// <summary>The pipeline with another step: in place of those of its type, or else behind the last step on
    /// bytes.</summary>
    /// <param name="step">The step.</param>
    /// <param name="replaced">Tells which steps it replaces.</param>
    public TransformPipeline With(ImageTransform step, Func<ImageTransform, bool> replaced)
    {
        int place = Steps.Index().FirstOrDefault(s => replaced(s.Item), (Index: -1, Item: step)).Index;
        List<ImageTransform> steps = [.. Steps.Where(s => !replaced(s))];
        if (place < 0) place = step.FollowsNormalization ? steps.Count : steps.Count(s => !s.FollowsNormalization);
        steps.Insert(place, step);
        return new(steps);
    }

    /// <summary>The pipeline without some of its steps.</summary>
    /// <param name="removed">Tells which.</param>
    public TransformPipeline Without(Func<ImageTransform, bool> removed) => new(Steps.Where(step => !removed(step)));

    /// <inheritdoc/>
    public bool Equals(TransformPipeline? other) => other is not null && Steps.SequenceEqual(other.Steps);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TransformPipeline);

    /// <inheritdoc/>
    public override int GetHashCode() => Steps.Aggregate(0, HashCode.Combine);

    /// <summary>The steps separated by commas, or <c>none</c>.</summary>
    public override string ToString() => Steps.Count == 0 ? "none" : string.Join(',', Steps);
}

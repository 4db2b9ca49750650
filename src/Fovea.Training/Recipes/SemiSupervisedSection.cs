using Fovea.Core.Options;
using Fovea.Data.Transforms;

namespace Fovea.Training.Recipes;

/// <summary>Learning from images without labels beside those that have them.</summary>
public sealed record SemiSupervisedSection
{
    /// <summary>Task of the images without labels; none.</summary>
    public SemiMethod Method { get; init; }

    /// <summary>Folder or archive of images without labels, used beside the training images; null: none.</summary>
    public string? Folder { get; init; }

    /// <summary>Training images of each class whose labels are used; null: all.</summary>
    public int? LabelsPerClass { get; init; }

    /// <summary>Images without labels for each labelled one in a step; null: 7 for FixMatch, 3 for mean
    /// teacher.</summary>
    public int? Ratio { get; init; }

    /// <summary>Factor of their loss, the largest where it rises; null: 1 for FixMatch, 100 for mean teacher.</summary>
    public double? Weight { get; init; }

    /// <summary>FixMatch: least probability of a pseudo-label, 0 to 1; 0.95.</summary>
    public double Threshold { get; init; } = 0.95;

    /// <summary>FixMatch: transforms of the strong view; null: those of the weak one, two random operations and a part
    /// cut out.</summary>
    public TransformPipeline? Strong { get; init; }

    /// <summary>Mean teacher: epochs in which the weight rises; null: a quarter of the run.</summary>
    public double? RampUpEpochs { get; init; }

    /// <summary>Words of the methods.</summary>
    public static ValueForm<SemiMethod> Methods { get; } = ValueForm.Choice(("none", SemiMethod.None),
        ("fixmatch", SemiMethod.FixMatch), ("mean-teacher", SemiMethod.MeanTeacher));

    /// <summary>Values of the ratio.</summary>
    public static ValueForm<int> Ratios { get; } = ValueForm.Whole(1, 1024);

    /// <summary>The ratio, or the method's usual one.</summary>
    public int UsedRatio => Ratio ?? (Method == SemiMethod.FixMatch ? 7 : 3);

    /// <summary>The weight, or the method's usual one.</summary>
    internal double UsedWeight => Weight ?? (Method == SemiMethod.FixMatch ? 1 : 100);

    /// <summary>Images that a step computes gradients of for each labelled one.</summary>
    internal int ImagesPerLabel => Method == SemiMethod.None ? 1 : 1 + UsedRatio;
}

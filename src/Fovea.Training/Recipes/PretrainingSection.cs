namespace Fovea.Training.Recipes;

/// <summary>Learning without classes.</summary>
public sealed record PretrainingSection
{
    /// <summary>Task that is learned instead of classes; none.</summary>
    public PretrainingMethod Method { get; init; }

    /// <summary>MAE: share of the patches that are hidden, above 0 and below 1; 0.75.</summary>
    public double MaskRatio { get; init; } = 0.75;

    /// <summary>MAE: each patch is to be predicted with mean 0 and variance 1; on.</summary>
    public bool NormalisedPixels { get; init; } = true;

    /// <summary>MAE: blocks of the decoder; null: 8, or half of those of an encoder with fewer than 12.</summary>
    public int? DecoderDepth { get; init; }

    /// <summary>MAE: elements of the decoder's tokens, a multiple of 32; null: 512, or half of those of an encoder with
    /// fewer than 768.</summary>
    public int? DecoderDim { get; init; }

    /// <summary>DINO: small parts of each image that the student sees besides the two large ones; 8.</summary>
    public int LocalCrops { get; init; } = 8;

    /// <summary>DINO: pixels of their sides; null: 96 / 224 of the images', in whole patches.</summary>
    public int? LocalSize { get; init; }

    /// <summary>DINO: share of an image's area that they show; 0.05 to 0.4.</summary>
    public (double Low, double High) LocalScale { get; init; } = (0.05, 0.4);

    /// <summary>DINO: outputs of the projection head; 4096.</summary>
    public int Outputs { get; init; } = 4096;

    /// <summary>DINO: hidden elements of the projection head; 2048.</summary>
    public int HiddenDim { get; init; } = 2048;

    /// <summary>DINO: elements that the projection head narrows down to; 256.</summary>
    public int BottleneckDim { get; init; } = 256;

    /// <summary>DINO: decay of the teacher's average at first, 0 to 1; it rises to 1 as a cosine; 0.996.</summary>
    public double TeacherMomentum { get; init; } = 0.996;

    /// <summary>DINO: temperature of the teacher's outputs, above 0; 0.07.</summary>
    public double TeacherTemperature { get; init; } = 0.07;

    /// <summary>DINO: that temperature at first, above 0; 0.04.</summary>
    public double FirstTeacherTemperature { get; init; } = 0.04;

    /// <summary>DINO: epochs in which it rises, which <c>fovea pretrain</c> sets to 30 unless it is
    /// given; null: three tenths of the run, 30 at most.</summary>
    public int? TeacherWarmupEpochs { get; init; }

    /// <summary>DINO: temperature of the student's outputs, above 0; 0.1.</summary>
    public double StudentTemperature { get; init; } = 0.1;

    /// <summary>DINO: decay of the average of the teacher's outputs, 0 to 1; 0.9.</summary>
    public double CenterMomentum { get; init; } = 0.9;

    /// <summary>DINO: first epochs in which the last layer of the projection head does not learn; 1.</summary>
    public int FreezeLastLayer { get; init; } = 1;
}

namespace Fovea.Data.Datasets.Splits;

/// <summary>Treatment of an image that is there more than once, found by the bytes of its file.</summary>
public enum CopyPolicy
{
    /// <summary>It is kept once: in the test set rather than the validation set, and there rather than in the training
    /// set. One under two labels is an error.</summary>
    Once,

    /// <summary>The same, but an image under two labels is left out.</summary>
    Drop,

    /// <summary>Nothing is looked for: all are kept.</summary>
    Keep,
}

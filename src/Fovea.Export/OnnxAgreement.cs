namespace Fovea.Export;

/// <summary>A model and its exported file on the same images.</summary>
/// <param name="Images">Number of images.</param>
/// <param name="Model">The model, here.</param>
/// <param name="Onnx">The file, in ONNX Runtime.</param>
/// <param name="Different">Images whose most probable class differs.</param>
/// <param name="DifferentImages">Names of the first of them.</param>
/// <param name="LargestDifference">Of a score, over all images and classes.</param>
/// <param name="Tolerance">Allowed difference of a score.</param>
/// <param name="DifferentAllowed">Allowed share of images whose class differs.</param>
/// <param name="Agrees">Neither is exceeded.</param>
public sealed record OnnxAgreement(int Images, OnnxAccuracy Model, OnnxAccuracy Onnx, int Different,
    IReadOnlyList<string> DifferentImages, double LargestDifference, double Tolerance, double DifferentAllowed,
    bool Agrees);

/// <summary>One of the two.</summary>
/// <param name="Top1">Share of images whose class got the highest score.</param>
/// <param name="Top5">Share of images whose class was among the five highest scores.</param>
/// <param name="SecondsPerImage">Time of the forward pass; the file's includes the preparation of images where the
/// graph has it.</param>
public sealed record OnnxAccuracy(double Top1, double Top5, double SecondsPerImage);

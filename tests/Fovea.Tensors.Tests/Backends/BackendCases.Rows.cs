using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> Rows()
    {
        foreach ((int rows, int columns) in RowSizes())
        {
            // With few columns the variance may come close to 0, and 1/√(variance + ε) then amplifies rounding: a
            // larger ε bounds it.
            float epsilon = columns < 8 ? 0.01f : 1e-5f;
            yield return BackendCase.Operator("LayerNorm", Rounding.Rows(),
                x => Ops.LayerNorm(x[0], x[1], x[2], epsilon),
                Normal([rows, columns], 2, 0.5), Normal([columns]), Normal([columns]));
            yield return BackendCase.Operator("RmsNorm", Rounding.Rows(), x => Ops.RmsNorm(x[0], x[1], epsilon),
                Normal([rows, columns], 2, 0.5), Normal([columns]));
            yield return BackendCase.Operator("Softmax", Rounding.Rows(), x => Ops.Softmax(x[0]),
                Normal([rows, columns], 3));
            yield return BackendCase.Operator("LogSoftmax", Rounding.Rows(), x => Ops.LogSoftmax(x[0]),
                Normal([rows, columns], 3));
        }

        yield return BackendCase.Operator("LayerNorm far from 0", Rounding.Rows(64 * 1000),
            x => Ops.LayerNorm(x[0], x[1], x[2]),
            // the inputs' own rounding is amplified by mean / deviation
            Normal([9, 65], 1, 1000), Normal([65]), Normal([65]));
    }

    private static IEnumerable<(int Rows, int Columns)> RowSizes()
    {
        for (int i = 0; i < Sizes.Length; i++) yield return (Sizes[(i + 7) % Sizes.Length], Sizes[i]);
        foreach ((int, int) size in ((int, int)[])[(0, 5), (1, 1030), (257, 1), (1030, 3), (1, 1)]) yield return size;
    }

    private static IEnumerable<BackendCase> Losses()
    {
        foreach ((int rows, int classes) in ((int, int)[])[(1, 2), (17, 10), (33, 100), (5, 1000), (257, 3), (7, 1),
            (0, 10)])
        {
            // Σ_c w_c t_c and Σ_c exp(x_c) have that many terms
            Rounding rounding = Rounding.Rows(64 + 2 * Math.Sqrt(classes));
            Sample logits = Normal([rows, classes], 2), labels = Integers([rows], classes),
                weights = Uniform([classes], 0.5f, 2).WithoutGradient();
            foreach (float smoothing in (float[])[0, 0.1f, 1])
            {
                yield return BackendCase.Operator($"CrossEntropy {smoothing}", rounding,
                    x => Ops.CrossEntropyPerRow(x[0], x[1], smoothing), logits, labels);
                yield return BackendCase.Operator($"CrossEntropy {smoothing} weighted", rounding,
                    x => Ops.CrossEntropyPerRow(x[0], x[1], smoothing, x[2]), logits, labels, weights);
            }

            yield return BackendCase.Operator("SoftCrossEntropy", rounding,
                x => Ops.SoftCrossEntropyPerRow(x[0], x[1]), logits, Uniform([rows, classes], 0, 1).WithoutGradient());
        }

        yield return BackendCase.Operator("CrossEntropy mean", Rounding.Rows(),
            x => Ops.CrossEntropy(x[0], x[1], 0.1f, x[2]),
            Normal([17, 10]), Integers([17], 10), Uniform([10], 0.5f, 2).WithoutGradient());
    }
}

using Fovea.Tensors.Tests.Support;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests.Backends;

internal static partial class BackendCases
{
    private static IEnumerable<BackendCase> BatchNorm()
    {
        foreach ((int batch, int channels, int height, int width) in ((int, int, int, int)[])[
            (3, 5, 9, 7), (2, 1, 1, 1), (1, 3, 1, 33), (7, 17, 1, 1), (2, 33, 4, 4), (1, 2, 65, 31), (0, 3, 4, 4)])
            foreach ((bool residual, bool relu) in ((bool, bool)[])[(false, false), (true, false), (false, true),
                (true, true)])
            {
                Sample[] samples = BatchNormTests.Used(BatchNormTests.Samples([batch, channels, height, width]), 5,
                    residual);
                string name = $"{(residual ? " residual" : "")}{(relu ? " relu" : "")}";
                Rounding rounding = Rounding.Rows(128 + Math.Sqrt(batch * height * width));
                if (batch > 0)
                    yield return BackendCase.Operator($"BatchNorm{name}", rounding,
                        x => Ops.BatchNorm(x[0], x[1], x[2], null, null, 0, 1e-3f, residual ? x[5] : null, relu),
                        samples);
                yield return BackendCase.Operator($"FixedBatchNorm{name}", rounding,
                    x => Ops.FixedBatchNorm(x[0], x[1], x[2], x[3], x[4], 1e-3f, residual ? x[5] : null, relu),
                    samples);
            }

        yield return BackendCase.Operator("BatchNorm plain", Rounding.Rows(128),
            x => Ops.BatchNorm(x[0], null, null, null, null, 0), Normal([4, 3, 5, 5], 1, 100));
        yield return BackendCase.Primitive("Running statistics", Rounding.Rows(), x =>
        {
            Ops.BatchNorm(x[0], null, null, x[1], x[2], 0.1f);
            return [x[1], x[2]];
        }, Normal([5, 13, 3, 7], 3, -2), Normal([13]), Uniform([13], 0.5f, 2));
        foreach ((int stride, int groups, bool bias) in ((int, int, bool)[])[(1, 1, false), (2, 1, true), (1, 2, true)])
            yield return BackendCase.Primitive($"NormedConv2d stride {stride} groups {groups}", Rounding.Rows(128), x =>
                [Ops.NormedConv2d(x[0], x[1], bias ? x[2] : null, x[3], x[4], x[5], x[6], 1e-3f,
                    stride == 1 ? x[7] : null, true, stride, 1, groups: groups)],
                Normal([3, 6, 9, 11]), Normal([34, 6 / groups, 3, 3]), Normal([34]), Normal([34]), Normal([34]),
                Normal([34]), Uniform([34], 0.5f, 2), Normal([3, 34, 9, 11]));
    }

    private static IEnumerable<BackendCase> Pooling()
    {
        foreach ((int batch, int channels, int height, int width, int kernel, int stride, int padding, bool ceiling) in
            ((int, int, int, int, int, int, int, bool)[])[
                (2, 3, 9, 10, 3, 2, 1, false), (2, 3, 9, 10, 2, 2, 0, false), (2, 3, 9, 10, 2, 2, 0, true),
                (1, 2, 17, 65, 3, 2, 1, true), (2, 2, 6, 70, 3, 2, 1, false), (1, 1, 4, 41, 2, 3, 1, true),
                (1, 2, 5, 40, 3, 1, 1, false), (1, 2, 3, 4, 5, 2, 2, false),
                (1, 5, 7, 7, 7, 7, 0, false), (1, 2, 8, 33, 5, 1, 2, false), (1, 1, 1, 1, 1, 1, 0, false),
                (0, 3, 4, 4, 2, 2, 0, false), (2, 2, 6, 6, 1, 3, 0, false)])
        {
            string name = $"{kernel} stride {stride} padding {padding}{(ceiling ? " ceiling" : "")}";
            // Of the inputs' absolute values other ones win, so they say nothing about the sums' magnitudes.
            yield return BackendCase.Operator($"MaxPool {name}", Rounding.Rows(kernel * kernel),
                x => Ops.MaxPool(x[0], kernel, stride, padding, ceiling), Normal([batch, channels, height, width]));
            foreach (bool countPadding in (bool[])[true, false])
                yield return BackendCase.Operator($"AveragePool {name} {countPadding}", Rounding.Sums(kernel * kernel),
                    x => Ops.AveragePool(x[0], kernel, stride, padding, ceiling, countPadding),
                    Normal([batch, channels, height, width]));
        }

        foreach ((int rows, int columns) in ((int, int)[])[(1, 1), (3, 4), (7, 5), (13, 40)])
        {
            yield return BackendCase.Operator($"AdaptiveAveragePool {rows} x {columns}", Rounding.Sums(100),
                x => Ops.AdaptiveAveragePool(x[0], rows, columns), Normal([2, 3, 9, 17]));
            foreach (Resampling resampling in Enum.GetValues<Resampling>())
                foreach (bool antialias in (bool[])[false, true])
                    yield return BackendCase.Operator($"Resize {rows} x {columns} {resampling} {antialias}",
                        Rounding.Rows(),
                        x => Ops.Resize(x[0], rows, columns, resampling, antialias), Normal([2, 3, 9, 17]));
        }
    }
}

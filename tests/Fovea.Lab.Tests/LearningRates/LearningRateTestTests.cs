using System.Buffers.Binary;
using System.Xml.Linq;
using Fovea.Lab.LearningRates;
using Fovea.Training;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Lab.Tests.LearningRates;

public sealed class LearningRateTestTests : IDisposable
{
    private static readonly LearningRateRange Range = new(1e-5, 100, 40);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rates_are_a_geometric_series_from_first_to_last()
    {
        LearningRateRange range = new(1e-6, 10, 71);
        Assert.Equal(1e-6, range.Rate(0), 1e-12);
        Assert.Equal(10, range.Rate(70), 1e-9);
        for (int i = 1; i <= 70; i++) Assert.Equal(Math.Pow(10, 0.1), range.Rate(i) / range.Rate(i - 1), 1e-9);
    }

    [Theory]
    [InlineData(1, 0.0)]
    [InlineData(2, 0.02)]
    [InlineData(3, 0.1)]
    public void A_curve_with_a_known_fall_and_rise_is_read_right(int seed, double noise)
    {
        // A smooth step down at 10^−3.5 and a rise from 10^−1.5 on, under noise.
        Random random = new(seed);
        LearningRateRange range = new(1e-6, 10, 280);
        LearningRatePoint[] points = [.. Enumerable.Range(0, 280).Select(i =>
        {
            double x = Math.Log10(range.Rate(i));
            double loss = 2.3 - 1.5 / (1 + Math.Exp(-4 * (x + 3.5))) + Math.Exp(3 * (x + 1.5)) / 4;
            return new LearningRatePoint(range.Rate(i), loss + noise * (2 * random.NextDouble() - 1));
        })];
        LearningRateCurve curve = new(points, TestEnd.Diverged);

        Assert.True(curve.Falls);
        Assert.InRange(Math.Log10(curve.Steepest!.Value), -3.8, -3.2);
        Assert.InRange(Math.Log10(curve.Lowest!.Value), -2.6, -1.8);
        Assert.Equal(curve.Lowest.Value / 10, curve.TenthOfLowest!.Value, 1e-12);
        Assert.Equal(Math.Max(curve.Steepest.Value, curve.TenthOfLowest.Value), curve.Suggestion);
    }

    [Fact]
    public void Noise_without_a_fall_suggests_nothing()
    {
        int mistaken = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            LearningRatePoint[] points = [.. Enumerable.Range(0, 150)
                .Select(i => new LearningRatePoint(1e-6 * Math.Pow(1.11, i), 2.3 + 0.1 * random.NextDouble()))];
            LearningRateCurve curve = new(points, TestEnd.Complete);
            Assert.Equal(curve.Falls, curve.Suggestion is not null);
            if (curve.Falls) mistaken++;
        }

        Assert.InRange(mistaken, 0, 2);   // a fall is claimed at four standard deviations
    }

    [Theory]
    [InlineData(OptimizerKind.AdamW, "vit-nano", 1)]
    [InlineData(OptimizerKind.Sgd, "resnet18-cifar", 3)]
    [InlineData(OptimizerKind.Lamb, "vit-nano", 1)]
    [InlineData(OptimizerKind.Lars, "vit-nano", 1)]
    public void Models_and_optimisers_of_all_kinds_are_tested_and_the_same_way_twice(OptimizerKind optimizer,
        string model, int accumulation)
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Model = TinyRun.Recipe.Model with { Name = model },
            Optimisation = TinyRun.Recipe.Optimisation with
            {
                Optimizer = optimizer,
                GradientAccumulation = accumulation,
                RateScaling = RateScaling.Linear,   // the test's rates are those of steps, whatever scales a run's
            },
            Regularisation = new(),
        };
        List<LearningRatePoint> measured = [];
        LearningRateCurve curve = Test(recipe, measured.Add);
        Assert.Equal(measured, curve.Points);
        Assert.All(curve.Points, (point, i) => Assert.Equal(Range.Rate(i), point.LearningRate));
        Assert.Equal(curve.Points, Test(recipe).Points);
    }

    /// <summary>What is learned beside the model, and dropout in it, have the numbers of one step.</summary>
    [Fact]
    public void A_teacher_of_features_is_tested_with_dropout()
    {
        RunDirectory teacher = TinyRun.Start(TinyRun.Recipe, _folder["teacher"]);
        Recipe recipe = TinyRun.Recipe with
        {
            Distillation = new() { Teacher = teacher.Path, Kind = DistillationKind.Feature },
        };
        Assert.True(recipe.Regularisation is { Dropout: > 0, DropPath: > 0 });
        Assert.NotEmpty(Test(recipe).Points);

        Recipe frozen = recipe with { Optimisation = recipe.Optimisation with { Freeze = null } };
        Assert.Equal("distill", Assert.Throws<UsageException>(() => Test(frozen)).Field);
    }

    [Fact]
    public void A_run_is_not_changed_by_a_test_in_its_directory()
    {
        RunDirectory tested = new(_folder["tested"]), untouched = new(_folder["untouched"]);
        Directory.CreateDirectory(tested.Path);
        LearningRateCurve curve = Test(TinyRun.Recipe);
        LearningRateFigure.Write(tested.Path, LearningRateFigure.Of(curve, "<test>"));
        TinyRun.Start(TinyRun.Recipe, tested.Path);
        TinyRun.Start(TinyRun.Recipe, untouched.Path);

        Assert.Equal(DataOf(untouched.BestCheckpoint), DataOf(tested.BestCheckpoint));
        Assert.True(File.Exists(Path.Combine(tested.Path, "find-lr.png")));
        XDocument.Load(Path.Combine(tested.Path, "find-lr.svg"));
        Assert.Null(SafetensorsRules.Broken(File.ReadAllBytes(tested.LastCheckpoint)));
        Assert.Null(SafetensorsRules.Broken(File.ReadAllBytes(tested.BestCheckpoint)));
    }

    private static LearningRateCurve Test(Recipe recipe, Action<LearningRatePoint>? measured = null)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        return LearningRateTest.Run(TrainingSetup.New(recipe, TinyRun.Images, stop: stop), Range, measured, stop: stop);
    }

    /// <summary>What lies behind the header, which has times in it.</summary>
    private static byte[] DataOf(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        return file[(8 + (int)BinaryPrimitives.ReadInt64LittleEndian(file))..];
    }
}

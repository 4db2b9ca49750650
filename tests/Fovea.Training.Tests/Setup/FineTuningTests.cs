using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests.Setup;

public sealed class FineTuningTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static DatasetSplits FourClasses { get; } = ShapesDataset.Load(seed: 1, train: 40, validation: 20, test: 20)
        .Select("4");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Other_classes_get_a_fresh_head_and_the_body_stays()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["run"]);
        TrainingParts same = TrainingSetup.New(From(run), TinyRun.Images, stop: TestContext.Current.CancellationToken),
            other = TrainingSetup.New(From(run), FourClasses, stop: TestContext.Current.CancellationToken);
        TrainedModel trained = TrainedModel.Load(run.Path, Device.Cpu);
        Dictionary<string, float[]> expected = Values(trained.Model);

        Assert.Equal(expected, Values(same.Model));
        Dictionary<string, float[]> kept = Values(other.Model);
        Assert.All(kept.Where(entry => !entry.Key.StartsWith("head", StringComparison.Ordinal)),
            entry => Assert.Equal(expected[entry.Key], entry.Value));
        Assert.Equal(4, kept["head.bias"].Length);
        Assert.Contains(kept["head.weight"], value => value != 0);
    }

    [Fact]
    public void A_recipe_starts_from_the_model_of_the_weights_with_rates_that_keep_them()
    {
        RunDirectory run = TinyRun.Start(
            TinyRun.Recipe with { Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 1 } }, _folder["run"]);

        Recipe start = FineTuning.Start(Recipe.Default with { Model = new() { Weights = run.Path } });
        Assert.Equal(("vit-nano", 8, run.Path), (start.Model.Name, start.Model.ImageSize!.Value, start.Model.Weights));
        Assert.Equal((5e-4, 0.75, 0.1),
            (start.Optimisation.LearningRate, start.Optimisation.LayerDecay, start.Regularisation.DropPath));
        Recipe probe = FineTuning.Start(
            Recipe.Default with { Model = new() { Weights = run.Path }, Optimisation = new() { Freeze = null } });
        Assert.Equal((1e-3, 0.0, null),
            (probe.Optimisation.LearningRate, probe.Optimisation.WeightDecay, probe.Optimisation.LayerDecay));
        Assert.Throws<UsageException>(() => FineTuning.Start(Recipe.Default));
    }

    [Fact]
    public void Rates_fall_from_block_to_block_towards_the_image()
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with { LayerDecay = 0.5, HeadRate = 10, Freeze = 1 }
        };
        // 4 blocks, fixed positions
        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken);
        Dictionary<string, double> rates = parts.Optimizer.Groups.SelectMany(group =>
            group.Parameters.Select(entry => (entry.Name, group.LearningRateFactor))).ToDictionary();

        Assert.Equal((0.125, 0.5, 1.0, 10.0),
            (rates["blocks.1.attn.qkv.weight"], rates["blocks.3.norm1.bias"], rates["fc_norm.weight"],
                rates["head.weight"]));
        Assert.DoesNotContain(rates.Keys,
            name => name.StartsWith("blocks.0.", StringComparison.Ordinal)
                || name.StartsWith("patch_embed", StringComparison.Ordinal));
    }

    [Fact]
    public void Frozen_parameters_keep_their_bits_and_a_resumed_run_ends_with_the_same_ones()
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Optimisation = TinyRun.Recipe.Optimisation with
            {
                Freeze = 2,
                LayerDecay = 0.7,
                GradientAccumulation = 3,
                GradientCheckpointing = true
            },
        };
        Dictionary<string, float[]> before = Values(
            TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken).Model);
        RunDirectory whole = TinyRun.Start(recipe, _folder["whole"]);
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() =>
            TinyRun.Start(recipe, _folder["parts"],
                new SilentObserver(progress => { if (progress.Step == 4) stop.Cancel(); }), stop));
        RunDirectory parts = TinyRun.Resume(_folder["parts"]);

        Dictionary<string, float[]> ends = Last(whole), resumed = Last(parts);
        Assert.Equal(ends, resumed);
        Assert.All(before, entry => Assert.Equal(Fovea.Vision.ModelStages.Of(entry.Key, 4) <= 2,
            entry.Value.SequenceEqual(ends[entry.Key])));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    public void A_batch_in_parts_is_the_whole_batch_up_to_rounding_dropout_included(int parts)
    {
        Dictionary<string, float[]> Trained(int accumulation, bool recomputes, string name) => Last(TinyRun.Start(
            TinyRun.Recipe with
            {
                Optimisation = TinyRun.Recipe.Optimisation with
                {
                    Optimizer = OptimizerKind.Sgd,
                    GradientAccumulation = accumulation,
                    GradientCheckpointing = recomputes
                },
                Regularisation = TinyRun.Recipe.Regularisation with { Mixup = 0.5 },
            }, _folder[name]));
        Dictionary<string, float[]> whole = Trained(1, false, "whole"), cut = Trained(parts, false, "cut");
        foreach ((string name, float[] values) in whole)
            for (int i = 0; i < values.Length; i++) Assert.Equal(values[i], cut[name][i],
                2e-6 + 1e-5 * Math.Abs(values[i]));
        Assert.Equal(whole, Trained(1, true, "again"));   // computing blocks again changes no bit
    }

    [Theory]
    [InlineData(OptimizerKind.AdamW, 1e-3, null, 1)]
    [InlineData(OptimizerKind.AdamW, 1e-3, 0.75, 0)]
    [InlineData(OptimizerKind.AdamW, 1e-4, null, 0)]
    [InlineData(OptimizerKind.Sgd, 0.5, 0.75, 1)]
    [InlineData(OptimizerKind.Sgd, 0.05, null, 0)]
    public void One_warning_where_a_rate_is_known_to_wreck_loaded_weights(OptimizerKind optimizer, double rate,
        double? decay, int warnings)
    {
        Recipe recipe = new()
        {
            Model = new() { Weights = "run" },
            Optimisation = new() { Optimizer = optimizer, LearningRate = rate, LayerDecay = decay }
        };
        Vision.ModelConfig config = Vision.Models.Presets.Find("vit-nano").Config;

        Assert.Equal(warnings, FineTuning.Warnings(recipe, config).Count());
        Assert.Empty(FineTuning.Warnings(recipe with { Model = new() }, config));
        Assert.Empty(FineTuning.Warnings(recipe with { Optimisation = recipe.Optimisation with { Freeze = null } },
            config));
    }

    [Fact]
    public void One_warning_for_few_tokens_from_scratch()
    {
        SilentObserver observer = new();
        TinyRun.Start(TinyRun.Recipe with { Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 1 } },
            _folder["run"], observer);
        Assert.Contains("from 4 tokens", Assert.Single(observer.Warnings));
    }

    private static Recipe From(RunDirectory run) =>
        TinyRun.Recipe with { Model = TinyRun.Recipe.Model with { Weights = run.Path } };

    private static Dictionary<string, float[]> Values(Module model) =>
        model.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value.ToArray());

    private static Dictionary<string, float[]> Last(RunDirectory run)
    {
        using CheckpointReader checkpoint = CheckpointReader.Open(run.LastCheckpoint);
        Vision.ImageClassifier model = ModelChoice.Configure(checkpoint.Head.Recipe, checkpoint.Head.Data).Build();
        model.Allocate(Device.Cpu);
        checkpoint.LoadWeights(model);
        return Values(model);
    }

    /// <summary>A run's images are those that it goes on with; drawn shapes are none that anybody asked for.</summary>
    [Fact]
    public void Images_are_the_runs_unless_others_are_asked_for()
    {
        using TemporaryFolder folder = new();
        Recipe recipe = TinyRun.Recipe with { Data = TinyRun.Recipe.Data with { Directory = folder["images"] } };
        RunDirectory run = TinyRun.Start(recipe, folder["run"]);
        Recipe asked = Recipe.Default with { Model = new() { Weights = run.Path } };
        Assert.Equal((folder["images"], TinyRun.Images.Info.Name), Of(FineTuning.Start(asked)));
        Assert.Equal((null, null), Of(FineTuning.Start(asked with { Data = new() { Directory = "others" } })));
        Assert.Equal((null, null), Of(FineTuning.Start(asked with { Data = new() { Dataset = "cifar10" } })));

        static (string?, string?) Of(Recipe start) => (start.Data.Directory, start.Data.Dataset);
    }
}

using Fovea.Data.Loading;
using Fovea.Data.Transforms.Pixels;
using Fovea.Tensors;
using Fovea.Training.Evaluation;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests.Setup;

/// <summary>Options that timm has under the same names, and what they do here.</summary>
public sealed class TimmOptionsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fovea-timm-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void HowImagesAreSeenTravelsWithTheCheckpoint()
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Data = TinyRun.Recipe.Data with
            {
                CropShare = 0.5,
                Interpolation = Interpolation.Nearest,
                Mean = (0.25, 0.5, 0.75),
                Std = (0.5, 0.5, 0.25),
            },
            Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 1 },
        };
        RunDirectory run = TinyRun.Start(recipe, Path.Combine(_folder, "run"));
        TrainedModel trained = TrainedModel.Load(run.Path, Device.Cpu);

        Assert.Equal([0.25f, 0.5f, 0.75f], trained.Head.Data.Normalization.Mean);
        Assert.Equal([0.5f, 0.5f, 0.25f], trained.Head.Data.Normalization.Std);
        double loss = RunRecord.ReadSummary(run)!.TestLoss!.Value;
        Assert.Equal(loss, trained.Evaluate(TinyRun.Images.Test, 16,
            stop: TestContext.Current.CancellationToken).Loss);
        foreach (Recipe other in (Recipe[])[
            recipe with { Data = recipe.Data with { CropShare = 1 } },
            recipe with { Data = recipe.Data with { Interpolation = Interpolation.Bicubic } },
            recipe with { Data = recipe.Data with { Mean = (0, 0, 0) } },
            recipe with { Data = recipe.Data with { Std = (1, 1, 1) } }])
            Assert.NotEqual(loss,
                TrainedModel.Load(run.Path, Device.Cpu, _ => other).Evaluate(TinyRun.Images.Test, 16,
            stop: TestContext.Current.CancellationToken).Loss);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.1, false)]
    [InlineData(0.1, true)]
    public void BinaryCrossEntropyIsTheMeanOverAllClasses(double smoothing, bool isMixed)
    {
        Recipe recipe = TinyRun.Recipe with
        {
            Regularisation = new() { BinaryLoss = true, LabelSmoothing = smoothing, Mixup = isMixed ? 0.8 : 0 },
        };
        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images,
            stop: TestContext.Current.CancellationToken);
        parts.Model.Train();
        Batch batch = parts.TrainLoader.Epoch(0).First();
        float[] scores = Scores(parts, batch);
        int classes = parts.Data.Info.Classes;

        double expected = 0;
        for (int i = 0; i < batch.Count * classes; i++)
        {
            double target = isMixed ? batch.Targets![i]
                : smoothing / classes + (i % classes == batch.Labels[i / classes] ? 1 - smoothing : 0);
            expected += Math.Log(1 + Math.Exp(scores[i])) - target * scores[i];
        }

        using BatchResult result = new BatchGradients(parts).Add(batch, 0);
        Assert.Equal(expected / (batch.Count * classes), result.Read().Loss, 1e-5);
    }

    [Fact]
    public void TheWarmUpStartsWhereItIsToldTo()
    {
        Recipe recipe = Recipe.Default with
        {
            Optimisation = new() { LearningRate = 1e-3, Epochs = 10 },
            Schedule = new() { WarmupEpochs = 2, WarmupLearningRate = 1e-5 },
        };
        Nn.Schedules.Schedule schedule = OptimisationChoice.Schedule(recipe, 10);

        Assert.Equal(1e-5, 1e-3 * schedule.Factor(0), 1e-12);
        Assert.Equal((1e-5 + 1e-3) / 2, 1e-3 * schedule.Factor(10), 1e-12);
        Assert.Equal(1e-3, 1e-3 * schedule.Factor(20), 1e-12);
    }

    [Fact]
    public void AnotherNumberOfClassesIsRefused()
    {
        Recipe recipe = TinyRun.Recipe with { Data = TinyRun.Recipe.Data with { ClassCount = 10 } };
        TrainingSetup.New(recipe, TinyRun.Images,
            stop: TestContext.Current.CancellationToken);
        recipe = recipe with { Data = recipe.Data with { ClassCount = 1000 } };
        UsageException error = Assert.Throws<UsageException>(() => TrainingSetup.New(recipe, TinyRun.Images,
            stop: TestContext.Current.CancellationToken));

        Assert.Equal("num-classes", error.Field);
        Assert.Contains("has 10 classes, not 1000", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sinkhorn:4", true)]
    [InlineData("softmax,sinkhorn:2", true)]
    [InlineData("sinkhorn", false)]
    [InlineData("softmax", false)]
    public void ThatColumnsComeLastIsSaid(string attention, bool isSaid)
    {
        Recipe recipe = TinyRun.Recipe with { Model = TinyRun.Recipe.Model with { Attention = attention } };
        TrainingParts parts = TrainingSetup.New(recipe, TinyRun.Images, stop: TestContext.Current.CancellationToken);

        Assert.Equal(isSaid,
            parts.Warnings.Any(warning => warning.Contains("columns are normalised last", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("mean", "0.5", "0.5,0.5,0.5")]
    [InlineData("std", "0.229, 0.224, 0.225", "0.229,0.224,0.225")]
    [InlineData("interpolation", "BICUBIC", "bicubic")]
    [InlineData("crop-pct", "0.9", "0.9")]
    [InlineData("opt-eps", "1e-6", "1E-06")]
    [InlineData("warmup-lr", "1e-6", "1E-06")]
    [InlineData("model-ema", "true", "true")]
    public void ValuesAreReadAsTimmWritesThem(string name, string text, string printed)
    {
        RecipeField field = RecipeFields.Find(name)!;
        Assert.Equal(printed, field.Read(field.Write(Recipe.Default, text, name)));
    }

    [Theory]
    [InlineData("mean", "0.5,0.5")]
    [InlineData("std", "0,1,1")]
    [InlineData("crop-pct", "1.5")]
    [InlineData("interpolation", "random")]
    [InlineData("num-classes", "0")]
    public void WhatMakesNoSenseIsRefused(string name, string text) =>
        Assert.Throws<UsageException>(() => RecipeFields.Find(name)!.Write(Recipe.Default, text, name));

    [Fact]
    public void AnAverageThatIsOnlyAskedForHasTimmsDecay()
    {
        RecipeField flag = RecipeFields.Find("model_ema")!, decay = RecipeFields.Find("model_ema_decay")!;

        Assert.Equal(0.9998, flag.Write(Recipe.Default, "true", "").Regularisation.EmaDecay);
        Assert.Equal(0.99, flag.Write(decay.Write(Recipe.Default, "0.99", ""), "true", "").Regularisation.EmaDecay);
        Assert.Equal(0.99, decay.Write(flag.Write(Recipe.Default, "true", ""), "0.99", "").Regularisation.EmaDecay);
        Assert.DoesNotContain("model-ema", RecipeFile.Print(Recipe.Default), StringComparison.Ordinal);
    }

    [Fact]
    public void PublishedWeightsAreFoundInTheCachesOfOthers()
    {
        string snapshot = Path.Combine(_folder, "hub", "models--timm--vit_tiny_patch16_224.augreg_in21k", "snapshots",
            "a");
        string torch = Path.Combine(_folder, "hub", "checkpoints");
        Directory.CreateDirectory(snapshot);
        Directory.CreateDirectory(torch);
        File.WriteAllText(Path.Combine(snapshot, "model.safetensors"), "");
        File.WriteAllText(Path.Combine(torch, "resnet18-f37072fd.pth"), "");
        Environment.SetEnvironmentVariable("HF_HUB_CACHE", Path.Combine(_folder, "hub"));
        Environment.SetEnvironmentVariable("TORCH_HOME", _folder);
        try
        {
            Assert.Equal(Path.Combine(snapshot, "model.safetensors"), WeightsOf("vit_tiny_patch16_224"));
            Assert.Equal(Path.Combine(torch, "resnet18-f37072fd.pth"), WeightsOf("resnet18"));
            Assert.Equal("vit_small_patch16_224.augreg_in21k_ft_in1k", WeightsOf("vit_small_patch16_224"));
            UsageException error = Assert.Throws<UsageException>(() => WeightsOf("vit-cifar"));
            Assert.Equal("pretrained", error.Field);
            Assert.Contains("name a file of them with `weights`", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_HUB_CACHE", null);
            Environment.SetEnvironmentVariable("TORCH_HOME", null);
        }
    }

    private static string? WeightsOf(string model) => PretrainedWeights.Resolve(
        Recipe.Default with { Model = new() { Name = model, Pretrained = ModelSection.OwnWeights } }).Model.Weights;

    private static float[] Scores(TrainingParts parts, Batch batch)
    {
        using StepScope scope = StepScope.Begin();
        return parts.Model.Forward(batch.ToImages(parts.Device)).ToArray();
    }
}

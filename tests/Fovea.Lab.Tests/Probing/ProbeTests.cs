using Fovea.Data.Datasets.Splits;
using Fovea.Lab.Probing;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Lab.Tests.Probing;

public sealed class ProbeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(37, 11, 5)]
    [InlineData(9000, 300, 3)]   // more than are computed at a time
    public void Neighbours_vote_as_the_formula_says(int keys, int queries, int dim)
    {
        FeatureSet train = Random(keys, dim, 1), test = Random(queries, dim, 2);
        int[] counts = [1, 7, 10_000];
        IReadOnlyList<double> got = NearestNeighbours.Accuracies(train, test, counts, 0.07, Device.Cpu,
            TestContext.Current.CancellationToken);
        for (int c = 0; c < counts.Length; c++)
            Assert.Equal(Enumerable.Range(0, queries)
                .Count(q => Vote(train, test.Row(q).ToArray(), counts[c]) == test.Labels[q]) / (double)queries, got[c],
                2.5 / queries);
    }

    /// <summary>However small the temperature is, the nearest have a vote.</summary>
    [Fact]
    public void Votes_do_not_vanish()
    {
        FeatureSet train = new([0.4f, 0.9165f, 0.5f, 0.866f], 2, [0, 1], 2), test = new([1, 0], 2, [1], 2);
        Assert.Equal([1.0], NearestNeighbours.Accuracies(train, test, [2], 0.001, Device.Cpu,
            TestContext.Current.CancellationToken));
    }

    [Fact]
    public void More_features_than_an_array_holds_are_refused_with_what_would_do()
    {
        Assert.Equal(12, FrozenModel.Room(3, 4).Length);
        UsageException error = Assert.Throws<UsageException>(() => FrozenModel.Room(1_281_167, 2048));
        Assert.Equal("train-limit", error.Field);
        Assert.Contains("1281167 images have 2048 features", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Features_that_a_line_separates_are_separated_and_noise_is_not()
    {
        FeatureSet train = Shifted(600, 3), heldOut = Shifted(200, 4), test = Shifted(200, 5);
        Assert.True(LinearProbe.Run(train, heldOut, test, 10, 0, Device.Cpu,
            TestContext.Current.CancellationToken).TestAccuracy > 0.97);

        LinearProbeResult noise = LinearProbe.Run(Random(600, 8, 3), Random(200, 8, 4), Random(400, 8, 5), 10, 0,
            Device.Cpu, TestContext.Current.CancellationToken);
        Assert.InRange(noise.TestAccuracy, 0.1, 0.45);   // a quarter by chance
    }

    [Fact]
    public void A_trained_model_is_probed_the_same_way_twice()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["run"]);
        ProbeOptions options = new() { Epochs = 3, Neighbours = [1, 5] };
        ProbeResult first = Probed(64), second = Probed(7);

        Assert.Equal((96, 40, 20, 20), (first.Features, first.Images.Train, first.Images.HeldOut, first.Images.Test));
        Assert.Equal(first.Neighbours, second.Neighbours);
        Assert.Equal(first.Linear, second.Linear);

        ProbeResult Probed(int batch) =>
            Probe.Run(FrozenModel.Load(run.Path, null, Device.Cpu), TinyRun.Images, options with { BatchSize = batch },
                Device.Cpu, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Features_are_those_of_the_epoch_that_made_the_weights()
    {
        // Both windows hold while both epochs are trained; one would be gone in a third.
        float[][] features = [.. new[] { 2, 100 }.Select(until =>
        {
            Recipe recipe = TinyRun.Recipe with
            {
                Model = TinyRun.Recipe.Model with { Attention = $"softmax:window=1,until={until}", ImageSize = 16 },
                Optimisation = TinyRun.Recipe.Optimisation with { Epochs = 2 },
            };
            RunDirectory run = TinyRun.Start(recipe, _folder[$"until-{until}"],
                data: TinyRun.Images with { Validation = new Subset(TinyRun.Images.Validation, []) });
            return Features(FrozenModel.Load(run.Path, null, Device.Cpu));
        })];
        Assert.Equal(features[0], features[1]);
        Assert.NotEqual(features[0], Features(FrozenModel.Load(_folder["until-2"], null, Device.Cpu,
            recipe => recipe with { Model = recipe.Model with { Attention = "softmax" } })));

        static float[] Features(FrozenModel model) =>
            model.Extract(TinyRun.Images.Test, 20, TestContext.Current.CancellationToken).Values;
    }

    [Fact]
    public void Exported_weights_know_how_their_images_were_normalised()
    {
        RunDirectory run = TinyRun.Start(TinyRun.Recipe, _folder["run"]);
        string told = _folder["told.safetensors"], silent = _folder["silent.safetensors"];
        using (WeightFile file = ModelWeights.Open(run.Path))
        {
            ModelWeights.Export(told, StateDict.Of(file), normalization: ModelWeights.NormalizationOf(file));
            ModelWeights.Export(silent, StateDict.Of(file));
        }

        float[] original = Features(run.Path);
        Assert.Equal(original, Features(told));
        Assert.NotEqual(original, Features(silent));

        float[] Features(string path) =>
            FrozenModel.Load(path, "vit-nano", Device.Cpu, imageSize: TinyRun.Recipe.Model.ImageSize)
                .Extract(TinyRun.Images.Test, 16).Row(0).ToArray();
    }

    [Theory]
    [InlineData("0.5,0.5,0.5", "0.2,0.2")]
    [InlineData("0.5", "0")]
    [InlineData("half", "0.2")]
    public void A_normalisation_that_makes_no_sense_is_refused(string mean, string deviation)
    {
        string path = _folder["odd.safetensors"];
        Dictionary<string, string> metadata = new() { ["image_mean"] = mean, ["image_std"] = deviation };
        using (FileStream stream = File.Create(path)) SafetensorsWriter.Write(stream, [], metadata);
        using WeightFile file = WeightFiles.Open(path);
        Assert.Contains("image_mean",
            Assert.Throws<CheckpointException>(() => ModelWeights.NormalizationOf(file)).Message,
            StringComparison.Ordinal);
    }

    private static int Vote(FeatureSet train, float[] query, int count)
    {
        double[] votes = new double[train.Classes];
        foreach ((double cosine, int label) in Enumerable.Range(0, train.Count)
            .Select(i => (Cosine(train.Row(i), query), train.Labels[i])).OrderByDescending(entry => entry.Item1)
            .Take(count))
            votes[label] += Math.Exp(cosine / 0.07);
        return Array.IndexOf(votes, votes.Max());
    }

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double product = 0, left = 0, right = 0;
        for (int i = 0; i < a.Length; i++)
            (product, left, right) = (product + a[i] * (double)b[i], left + a[i] * (double)a[i],
                right + b[i] * (double)b[i]);
        return product / Math.Sqrt(left * right);
    }

    private static FeatureSet Random(int count, int dim, ulong stream) => new(
        [.. Enumerable.Range(0, count * dim).Select(i => new Philox(8, stream).Uniform((ulong)i, -1, 1))], dim,
        [.. Enumerable.Range(0, count).Select(i => new Philox(9, stream).Below((ulong)i, 4))], 4);

    /// <summary>Noise around a corner of its own for each class, with features of very different scale.</summary>
    private static FeatureSet Shifted(int count, ulong stream)
    {
        FeatureSet set = Random(count, 4, stream);
        for (int i = 0; i < count; i++)
            for (int d = 0; d < 4; d++) set.Row(i)[d] = (set.Row(i)[d] + (set.Labels[i] == d ? 3 : 0)) * MathF.Pow(100,
                d - 1);
        return set;
    }
}

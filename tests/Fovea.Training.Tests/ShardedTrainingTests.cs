using Fovea.Core.Collectives;
using Fovea.Data.Datasets.Splits;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Tests.Support;

namespace Fovea.Training.Tests;

/// <summary>Training on several ranks, which are threads here: the bits of one rank with as many shards.</summary>
public sealed class ShardedTrainingTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryFolder _folder = new();

    // 40 images in batches of 18: two whole ones, and one of 4, which is smaller than the number of shards.
    private static Recipe Small { get; } = TinyRun.Recipe with
    {
        Optimisation = new() { Epochs = 2, BatchSize = 18, Shards = 6, GradientAccumulation = 2 },
        Run = new() { LogEvery = 2, CheckpointEvery = 1, CheckRanksEvery = 2, Threads = 1, Track = Trackers.None },
    };

    public static TheoryData<string> Kinds =>
        ["plain", "mixed", "performer", "resnet", "tail", "frozen", "zero", "sgd", "muon", "zero muon", "zero free",
            "cautious"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Any_number_of_ranks_has_the_bits_of_one(string kind)
    {
        Recipe recipe = Of(kind);
        string one = Train(recipe, 1, "one");
        foreach (int ranks in kind == "resnet" ? (int[])[3] : [2, 3, 4])
            Assert.Equal(one, Train(recipe, ranks, $"{ranks}"));
    }

    [Fact]
    public void The_bits_are_those_of_the_shards_and_the_numbers_those_of_the_batch()
    {
        Recipe recipe = Small with
        {
            Regularisation = new(),
            Optimisation = Small.Optimisation with { GradientAccumulation = 1, Epochs = 1 },
        };
        Train(recipe, 1, "six");
        Train(recipe with { Optimisation = recipe.Optimisation with { Shards = 1 } }, 1, "whole");
        RunEvent[] six = Events("six"), whole = Events("whole");
        Assert.Equal(six.Length, whole.Length);
        for (int i = 0; i < six.Length; i++)
        {
            Assert.Equal(whole[i].TrainLoss ?? 0, six[i].TrainLoss ?? 0, 2e-4);
            Assert.Equal(whole[i].GradientNorm ?? 0, six[i].GradientNorm ?? 0, 2e-3);
            Assert.Equal(whole[i].TrainAccuracy, six[i].TrainAccuracy);
        }
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("resnet")]
    [InlineData("zero")]
    [InlineData("zero free")]
    public void A_run_goes_on_with_another_number_of_ranks_bit_for_bit(string kind)
    {
        Recipe recipe = Of(kind);
        string undisturbed = Train(recipe, 1, "undisturbed");
        using CancellationTokenSource stop = new();
        int asked = 0;
        Assert.Throws<RunInterruptedException>(() => Train(recipe, 3, "stopped", rank => new StopAt(1, rank == 2
            ? () =>
            {
                asked++;
                stop.Cancel();
            }
        : () => { }), rank => rank == 2 ? stop.Token : default));
        Assert.Equal(1, asked);
        Assert.NotEqual(undisturbed, Weights("stopped"));

        ThreadRanks.Run(2, ranks => TrainingRun.Resume(_folder["stopped"], old => old, new SilentObserver(),
            default, TinyRun.Images, ranks));

        Assert.Equal(undisturbed, Weights("stopped"));
        Assert.Equal(Lines("undisturbed"), Lines("stopped"));
    }

    [Fact]
    public void A_run_of_one_process_has_one_shard_and_asks_for_more_before_ranks_share_it()
    {
        Recipe recipe = Small with { Optimisation = Small.Optimisation with { Shards = null } };
        Train(recipe, 1, "alone");
        UsageException error = Assert.Throws<UsageException>(() => ThreadRanks.Run(2, ranks => TrainingRun.Resume(
            _folder["alone"], old => old, new SilentObserver(), default, TinyRun.Images, ranks)));
        Assert.Equal("shards", error.Field);

        Notes notes = new();
        ThreadRanks.Run(2, ranks => TrainingRun.Resume(_folder["alone"], old => old with
        {
            Optimisation = old.Optimisation with { Shards = 4, Epochs = 3 },
        }, ranks.Rank == 0 ? notes : new SilentObserver(), default, TinyRun.Images, ranks));
        Assert.Contains("had 1 shards so far and have 4 from now on", Assert.Single(notes.All));
    }

    [Fact]
    public void Half_of_the_bytes_on_the_wire_train_as_well()
    {
        Recipe recipe = Small with { Regularisation = new(), Optimisation = Small.Optimisation with { Epochs = 3 } };
        string whole = Train(recipe, 3, "whole");
        recipe = recipe with { Optimisation = recipe.Optimisation with { Wire = WireKind.Bf16 } };
        Assert.NotEqual(whole, Train(recipe, 3, "half"));   // and the ranks have the same weights, which is checked
        Assert.Equal(Weights("half"), Train(recipe, 3, "again"));
        Assert.Equal(whole, Train(recipe, 1, "one"));       // nothing is sent
        Assert.All(Events("whole").Zip(Events("half")),
            pair => Assert.Equal(pair.First.TrainLoss ?? 0, pair.Second.TrainLoss ?? 0, 0.02));
    }

    [Fact]
    public void Ranks_that_differ_are_named()
    {
        string Refused(Func<int, Recipe> recipe, Func<int, DatasetSplits>? data = null) =>
            Assert.Throws<UsageException>(() => ThreadRanks.Run(3, ranks => TrainingRun.Start(recipe(ranks.Rank) with
            {
                Run = Small.Run with { Out = _folder["differing"] },
            }, new SilentObserver(), default, data?.Invoke(ranks.Rank) ?? TinyRun.Images, ranks))).Message;

        Assert.Equal("rank 2 differs from rank 0 in 'lr': '0.002' there, '0.001' on rank 0.", Refused(rank => Small with
        {
            Optimisation = Small.Optimisation with { LearningRate = rank == 2 ? 2e-3 : 1e-3 },
        }));
        Assert.StartsWith("rank 1 differs from rank 0 in 'training images': '40 images, ",
            Refused(_ => Small, rank => rank == 1
                ? Data.Datasets.Shapes.ShapesDataset.Load(seed: 1, train: 40, validation: 20, test: 20)
                : TinyRun.Images));
        Assert.False(Directory.Exists(_folder["differing"]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Ranks_that_start_and_ranks_that_resume_are_refused_on_all(int starting)
    {
        string[] commands = ["resume", "resume"];
        commands[starting] = "start";
        Recipe recipe = Small with { Run = Small.Run with { Out = _folder["differing"] } };
        UsageException[] errors = ThreadRanks.Run(2, ranks => Assert.Throws<UsageException>(() =>
            ranks.Rank == starting
                ? TrainingRun.Start(recipe, new SilentObserver(), None, TinyRun.Images, ranks)
                : TrainingRun.Resume(_folder["differing"], old => old, new SilentObserver(), None, TinyRun.Images,
                    ranks)));
        Assert.All(errors, error => Assert.Equal($"rank 1 differs from rank 0 in 'command': '{commands[1]}' there, "
            + $"'{commands[0]}' on rank 0.", error.Message));
    }

    [Fact]
    public void Rank_0_sees_for_all_whether_a_run_was_begun()
    {
        Directory.CreateDirectory(_folder["begun"]);
        File.WriteAllText(new RunDirectory(_folder["begun"]).Config, "");
        string[] folders = [_folder["begun"], _folder["empty"]];
        Assert.Equal([true, true], ThreadRanks.Run(2, ranks => TrainingRun.IsBegun(folders[ranks.Rank], ranks)));
        Assert.Equal([false, false], ThreadRanks.Run(2, ranks => TrainingRun.IsBegun(folders[1 - ranks.Rank], ranks)));
    }

    [Fact]
    public void Numbers_that_do_not_fit_are_refused()
    {
        UsageException Refused(OptimisationSection how, int ranks) => Assert.Throws<UsageException>(() =>
            Train(Small with { Optimisation = how }, ranks, "refused"));

        Assert.Equal("shards", Refused(Small.Optimisation with { Shards = 2 }, 3).Field);
        Assert.Equal("shards", Refused(Small.Optimisation with { Shards = 19 }, 1).Field);
        Assert.Contains("3 ranks for 2 training images", Assert.Throws<UsageException>(() => Train(Small, 3, "few",
            data: Data.Datasets.Shapes.ShapesDataset.Load(seed: 0, train: 2, validation: 2, test: 2))).Message);
    }

    [Fact]
    public void Ranks_of_which_one_has_a_cache_train_together()
    {
        Recipe recipe = Small with
        {
            Data = Files(bad: 0),
            Optimisation = Small.Optimisation with { Epochs = 1 },
            Run = Small.Run with { Out = _folder["one"] },
        };
        RunSummary[] summaries = ThreadRanks.Run(2, ranks => TrainingRun.Start(recipe with
        {
            Data = recipe.Data with { Cache = ranks.Rank == 0 ? _folder["cache"] : null, CacheSize = 8 },
        }, new SilentObserver(), None, null, ranks));
        Assert.All(summaries, summary => Assert.Equal(1, summary.Epochs));
    }

    [Fact]
    public void Images_that_were_passed_over_on_any_rank_are_counted_once()
    {
        const int Bad = 20;
        Recipe recipe = Small with
        {
            Data = Files(Bad) with { SkipBad = true },
            Optimisation = Small.Optimisation with { Epochs = 1 },
        };
        int? Skipped(int size) => ThreadRanks.Run(size, ranks => TrainingRun.Start(recipe with
        {
            Run = Small.Run with { Out = _folder[$"{size}"] },
        }, new SilentObserver(), None, null, size == 1 ? SingleProcess.Instance : ranks))[0].SkippedImages;

        Assert.Equal(Bad, Skipped(1));
        Assert.Equal(Bad, Skipped(3));
    }

    /// <summary>A folder of two classes of 90 images, which are more than what ranks compare of a part; some cannot be
    /// read, none of which stands beside another.</summary>
    private DataSection Files(int bad)
    {
        string folder = _folder["images"];
        byte[] header = "P6\n8 8\n255\n"u8.ToArray();
        foreach (string name in (string[])["a", "b"])
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
            for (int i = 0; i < 90; i++)
            {
                byte[] pixels = new byte[name == "a" && i % 4 == 0 && i / 4 < bad ? 8 : 8 * 8 * 3];
                new Random((2 * i) + name[0]).NextBytes(pixels);
                File.WriteAllBytes(Path.Combine(folder, name, $"{i:D2}.ppm"), [.. header, .. pixels]);
            }
        }

        return Small.Data with { Dataset = "folder", Directory = folder };
    }

    private static Recipe Of(string kind) => kind switch
    {
        "mixed" => Small with { Regularisation = Small.Regularisation with { Mixup = 0.5, CutMix = 0.5 } },
        "performer" => Small with
        {
            Model = Small.Model with { Attention = "performer:features=8,redraw=2" }
        },
        "resnet" => Small with
        {
            Model = new() { Name = "resnet18-cifar", ImageSize = 8 },
            Optimisation = Small.Optimisation with { Epochs = 1 },
            Regularisation = new() { LabelSmoothing = 0.1 },
        },
        "tail" => Small with { Optimisation = Small.Optimisation with { BatchSize = 7, GradientAccumulation = 1 } },
        "zero" => Small with { Optimisation = Small.Optimisation with { ZeroState = true } },
        "sgd" => Small with { Optimisation = Small.Optimisation with { Optimizer = OptimizerKind.Sgd, Momentum = 0 } },
        "muon" => With(OptimizerKind.Muon, false),
        "zero muon" => With(OptimizerKind.Muon, true),
        "zero free" => With(OptimizerKind.ScheduleFree, true),
        "cautious" => Small with
        {
            Optimisation = Small.Optimisation with { Optimizer = OptimizerKind.Lion, Cautious = true },
        },
        "frozen" => Small with { Optimisation = Small.Optimisation with { Freeze = 1 } },
        _ => Small,
    };

    private static Recipe With(OptimizerKind optimizer, bool zero) => ModelDefaults.For(Small, optimizer) with
    {
        Optimisation = ModelDefaults.For(Small, optimizer).Optimisation with
        {
            Optimizer = optimizer,
            ZeroState = zero
        },
        Regularisation = Small.Regularisation with { EmaDecay = null },
    };

    private string Train(Recipe recipe, int ranks, string name, Func<int, IRunObserver>? observer = null,
        Func<int, CancellationToken>? stop = null, DatasetSplits? data = null)
    {
        recipe = recipe with { Run = recipe.Run with { Out = _folder[name] } };
        ThreadRanks.Run(ranks, rank => TrainingRun.Start(recipe, observer?.Invoke(rank.Rank) ?? new SilentObserver(),
            stop?.Invoke(rank.Rank) ?? default, data ?? TinyRun.Images, ranks == 1 ? SingleProcess.Instance : rank));
        return Weights(name);
    }

    /// <summary>All tensors of the last checkpoint, without what is written about time.</summary>
    private string Weights(string name)
    {
        byte[] file = File.ReadAllBytes(new RunDirectory(_folder[name]).LastCheckpoint);
        int header = (int)BitConverter.ToInt64(file);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file.AsSpan(8 + header)));
    }

    private RunEvent[] Events(string name) => [.. RunLog.ReadEvents(new RunDirectory(_folder[name]))];

    /// <summary>The log without what depends on time.</summary>
    private IEnumerable<string> Lines(string name) => Events(name)
        .Select(entry => (entry with { Seconds = 0, ImagesPerSecond = 0 }).ToString());

    private sealed class StopAt(int step, Action stop) : IRunObserver
    {
        public void Progressed(in StepProgress progress)
        {
            if (progress.Step == step) stop();
        }
    }

    private sealed class Notes : IRunObserver
    {
        public List<string> All { get; } = [];

        public void Warned(string message) => All.Add(message);
    }
}

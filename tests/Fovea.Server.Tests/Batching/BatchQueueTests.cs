using System.Collections.Concurrent;
using Fovea.Server.Batching;
using Fovea.Tensors;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;

namespace Fovea.Server.Tests.Batching;

/// <summary>Images gathered into batches, without HTTP and mostly without a model.</summary>
public sealed class BatchQueueTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(5);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_comes_while_a_batch_is_computed_is_computed_together()
    {
        Halting halting = new();
        using BatchQueue queue = new("m", 1, new(4, TimeSpan.Zero, 100), halting.Forward);
        using BatchQueue.Admission places = queue.TryAdmit(7)!;
        Task<float[]> first = places.Run(ModelOutput.Scores, [1], Stop);
        await halting.Begun.WaitAsync(Stop);
        Task<float[]>[] others = [.. Enumerable.Range(2, 6)
            .Select(value => places.Run(ModelOutput.Scores, [value], Stop))];
        halting.GoOn.Set();
        await Task.WhenAll([first, .. others]);

        Assert.Equal([1, 4, 2], halting.Sizes);
        Assert.Equal(10, Assert.Single(await first));
        Assert.Equal([20, 30, 40, 50, 60, 70], (await Task.WhenAll(others)).SelectMany(result => result));
    }

    [Fact]
    public async Task A_full_batch_does_not_wait_and_one_that_is_not_full_waits_no_longer_than_it_may()
    {
        Halting halting = new();
        halting.GoOn.Set();
        using BatchQueue patient = new("m", 1, new(2, Long, 100), halting.Forward);
        using BatchQueue.Admission two = patient.TryAdmit(2)!;
        await Task.WhenAll(two.Run(ModelOutput.Scores, [1], Stop), two.Run(ModelOutput.Scores, [2], Stop));
        Assert.Equal([2], halting.Sizes);

        using BatchQueue quick = new("m", 1, new(2, TimeSpan.FromMilliseconds(20), 100), halting.Forward);
        using BatchQueue.Admission one = quick.TryAdmit(1)!;
        Assert.Equal(30, Assert.Single(await one.Run(ModelOutput.Scores, [3], Stop)));
    }

    [Fact]
    public void A_full_queue_admits_nobody_and_whoever_leaves_makes_room()
    {
        using BatchQueue queue = new("m", 1, new(2, Long, 3), new Halting().Forward);
        BatchQueue.Admission two = queue.TryAdmit(2)!;
        Assert.Null(queue.TryAdmit(2));
        Assert.False(queue.IsFull);
        using BatchQueue.Admission one = queue.TryAdmit(1)!;
        Assert.True(queue.IsFull);
        Assert.Null(queue.TryAdmit(1));
        two.Dispose();
        two.Dispose();   // no place is given back twice
        Assert.Equal(1, queue.InHand);
        Assert.NotNull(queue.TryAdmit(2));
    }

    [Fact]
    public async Task Who_is_gone_is_not_computed()
    {
        Halting halting = new();
        using BatchQueue queue = new("m", 1, new(8, TimeSpan.Zero, 100), halting.Forward);
        using BatchQueue.Admission places = queue.TryAdmit(3)!;
        using CancellationTokenSource gone = new();
        Task<float[]> first = places.Run(ModelOutput.Scores, [1], Stop);
        await halting.Begun.WaitAsync(Stop);
        Task<float[]> second = places.Run(ModelOutput.Scores, [2], gone.Token);
        Task<float[]> third = places.Run(ModelOutput.Scores, [3], Stop);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);   // at once, not behind the others
        halting.GoOn.Set();
        await Task.WhenAll(first, third);
        Assert.Equal([1, 1], halting.Sizes);
    }

    [Fact]
    public async Task An_error_reaches_those_of_its_batch_and_the_queue_goes_on()
    {
        int calls = 0;
        using BatchQueue queue = new("m", 1, new(2, TimeSpan.Zero, 100), (_, images, _) =>
            ++calls == 1 ? throw new InvalidOperationException("once") : images.ToArray());
        using BatchQueue.Admission places = queue.TryAdmit(2)!;
        InvalidOperationException error = await Assert.ThrowsAsync<InvalidOperationException>(
            () => places.Run(ModelOutput.Scores, [1], Stop));
        Assert.Equal("once", error.Message);
        Assert.Equal(2, Assert.Single(await places.Run(ModelOutput.Scores, [2], Stop)));
    }

    [Fact]
    public async Task Different_results_are_not_computed_together()
    {
        ConcurrentQueue<(ModelOutput, int)> batches = [];
        using ManualResetEventSlim go = new();
        using BatchQueue queue = new("m", 1, new(8, TimeSpan.Zero, 100), (output, images, count) =>
        {
            batches.Enqueue((output, count));
            go.Wait();
            return images.ToArray();
        });
        using BatchQueue.Admission places = queue.TryAdmit(5)!;
        Task first = places.Run(ModelOutput.Scores, [0], Stop);
        while (batches.IsEmpty) await Task.Delay(1, Stop);
        ModelOutput[] kinds = [ModelOutput.Features, ModelOutput.Scores, ModelOutput.Features, ModelOutput.Scores];
        Task[] others = [.. kinds.Select(kind => places.Run(kind, [1], Stop))];
        go.Set();
        await Task.WhenAll([first, .. others]);
        Assert.Equal([(ModelOutput.Scores, 1), (ModelOutput.Features, 2), (ModelOutput.Scores, 2)], batches);
    }

    [Fact]
    public async Task What_waits_is_finished_at_the_end_without_waiting_for_others()
    {
        Halting halting = new();
        halting.GoOn.Set();
        BatchQueue queue = new("m", 1, new(8, Long, 100), halting.Forward);
        using BatchQueue.Admission places = queue.TryAdmit(2)!;
        Task<float[]>[] waiting = [places.Run(ModelOutput.Scores, [1], Stop),
            places.Run(ModelOutput.Scores, [2], Stop)];
        queue.Dispose();
        Assert.Equal([10, 20], (await Task.WhenAll(waiting)).SelectMany(result => result));
        Assert.Null(queue.TryAdmit(1));
    }

    /// <summary>An image has the same bits alone, and in any place of a batch of any size with any others.</summary>
    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Results_of_a_transformer_do_not_depend_on_the_batch(string mechanism)
    {
        ModelOptions options = new() { Attention = AttentionList.Parse(mechanism) };
        RequireSameBits(Presets.Find("vit-nano").Config.Apply(options));
    }

    [Theory]
    [InlineData("resnet18", 64)]
    [InlineData("resnet18-cifar", 32)]
    [InlineData("cct_7_3x1", 32)]
    [InlineData("vit_tiny_patch16_224", 224)]
    [InlineData("deit_tiny_distilled_patch16_224", 224)]
    public void Results_of_other_models_do_not_depend_on_the_batch(string preset, int size) =>
        RequireSameBits(Presets.Find(preset).Config with { ImageSize = size });

    public static TheoryData<string> Mechanisms => [.. AttentionCatalogue.All.Select(entry => entry.Name)];

    private static void RequireSameBits(ModelConfig config)
    {
        ImageClassifier model = config.Build();
        model.Initialize(Device.Cpu, seed: 3);
        model.Train(false);
        int size = config.Channels * config.ImageSize * config.ImageSize;
        const int Images = 5;
        float[] images = new float[Images * size];
        Random random = new(1);
        for (int i = 0; i < images.Length; i++) images[i] = random.NextSingle() * 4 - 2;
        float[][] alone = [.. Enumerable.Range(0, Images).Select(i => Run([i]))];
        foreach (int[] batch in (int[][])[[1, 0], [4, 3, 2], [0, 0, 1, 2, 3, 4, 1], [2, 1, 0, 4, 4, 3, 3, 2, 2]])
        {
            float[] together = Run(batch);
            int width = together.Length / batch.Length;
            for (int i = 0; i < batch.Length; i++)
                Assert.Equal(alone[batch[i]], together[(i * width)..((i + 1) * width)]);
        }

        float[] Run(int[] which)
        {
            using IDisposable alike = BatchInvariance.Begin();
            using StepScope scope = StepScope.Begin();
            float[] batch = [.. which.SelectMany(i => images[(i * size)..((i + 1) * size)])];
            return model.Forward(Tensor.From(batch,
                [which.Length, config.Channels, config.ImageSize, config.ImageSize], Device.Cpu)).ToArray();
        }
    }

    /// <summary>A forward pass that multiplies by ten, and waits for leave.</summary>
    private sealed class Halting
    {
        public ConcurrentQueue<int> Sizes { get; } = [];

        public SemaphoreSlim Begun { get; } = new(0);

        public ManualResetEventSlim GoOn { get; } = new();

        public float[] Forward(ModelOutput output, ReadOnlySpan<float> images, int count)
        {
            Sizes.Enqueue(count);
            Begun.Release();
            GoOn.Wait();
            return Array.ConvertAll(images.ToArray(), value => 10 * value);
        }
    }
}

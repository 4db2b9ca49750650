using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Tests;

/// <summary>What several threads may do with the same tensors; see docs/architecture.md, "Threads".</summary>
public sealed class ThreadTests
{
    private const int Threads = 6;

    /// <summary>Every operator that reads a parameter under another shape shares its memory for a moment.</summary>
    [Fact]
    public void Memory_that_many_threads_share_returns_to_the_pool_once_and_last()
    {
        Device device = Device.CreateCpu(threads: 1);
        Tensor parameter = Tensor.From([1f, 2, 3, 4], [4], device).Keep();
        Together(_ =>
        {
            for (int i = 0; i < 100_000; i++) parameter.Reshape(2, 2).Release();
        });

        Tensor other = Tensor.Full([4], 7, device);   // would get the parameter's memory, had that returned
        Assert.Equal([1, 2, 3, 4], parameter.ToArray());
        parameter.Release();
        long allocated = device.Backend.AllocatedBytes;
        Tensor next = Tensor.Full([4], 8, device);    // gets it now
        Assert.Equal(allocated, device.Backend.AllocatedBytes);
        Assert.Equal(7, other.ToArray()[0]);
        Assert.Equal(8, next.ToArray()[0]);
    }

    [Fact]
    public void Operators_on_one_device_give_each_thread_its_own_results()
    {
        Device device = Device.CreateCpu(threads: 2);
        Tensor weight = TensorOf(device, 96 * 64, 1).Reshape(96, 64).Keep();
        float[][] results = new float[Threads][];
        float[][] expected = [.. Enumerable.Range(0, Threads).Select(Compute)];
        Together(thread =>
        {
            for (int i = 0; i < 50; i++) results[thread] = Compute(thread);
        });
        Assert.Equal(expected, results);

        float[] Compute(int thread)
        {
            using StepScope scope = StepScope.Begin();
            Tensor x = TensorOf(device, 300 * 64, 2 + (ulong)thread).Reshape(3, 100, 64);
            Tensor packed = Ops.Linear(x, weight);
            return Ops.Softmax(Ops.Attention(packed, 2, 0.25f)).ToArray();
        }
    }

    [Fact]
    public unsafe void Frames_give_out_memory_that_stays_and_does_not_overlap()
    {
        using Scratch outer = Scratch.Begin();
        float* first = outer.Floats(1000), second = outer.Floats(5);
        Assert.True(second >= first + 1000);
        Assert.Equal(0, (nint)second % 64);
        Fill(first, 1000, 1);
        for (int round = 0; round < 2; round++)
        {
            using Scratch inner = Scratch.Begin();
            float* large = inner.Floats(300_000), larger = inner.Floats(900_000);   // more than the block has
            Fill(large, 300_000, 2);
            Fill(larger, 900_000, 3);
            Assert.Equal(2, large[299_999]);
        }

        Assert.Equal(1, first[0]);
        Assert.Equal(1, first[999]);
        float* after = outer.Floats(10);
        Assert.True(after > second);
    }

    private static unsafe void Fill(float* values, int count, float value) =>
        new Span<float>(values, count).Fill(value);

    private static Tensor TensorOf(Device device, int count, ulong seed)
    {
        Philox random = new(seed, 1);
        float[] values = [.. Enumerable.Range(0, count).Select(i => random.Uniform((ulong)i, -1, 1))];
        return Tensor.From(values, [count], device);
    }

    private static void Together(Action<int> body)
    {
        using Barrier start = new(Threads);
        Exception?[] failures = new Exception?[Threads];
        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(index => new Thread(() =>
        {
            start.SignalAndWait();
            try
            {
                body(index);
            }
            catch (Exception failure)   // reported below, on the thread of the test
            {
                failures[index] = failure;
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.All(failures, Assert.Null);
    }
}

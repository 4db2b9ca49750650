using Fovea.Tensors.Backends.Cpu.Attention;
using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;
using Fovea.Tensors.Backends.Cpu.Simd;
using Fovea.Tensors.Tests.Support;

namespace Fovea.Tensors.Tests.Backends;

/// <summary>Softmax attention of the CPU with operands of bfloat16.</summary>
public sealed unsafe class NarrowAttentionTests
{
    private static readonly (int Batch, int Queries, int Keys, int Heads, int HeadDim)[] Sizes =
    [
        (1, 1, 1, 1, 1), (2, 5, 7, 2, 5), (3, 17, 17, 1, 16), (1, 64, 65, 3, 32), (1, 130, 257, 2, 16),
        (1, 33, 600, 1, 33),
        (9, 12, 13, 2, 8),
    ];

    public static TheoryData<string> InstructionSets() => [.. TestDevices.InstructionSets];

    [Theory]
    [MemberData(nameof(InstructionSets))]
    public void Results_and_gradients_are_those_of_single_precision_but_for_rounding(string set)
    {
        Device single = TestDevices.Cpu(set), narrow = Device.CreateCpu(2, set, Precision.Bf16);
        foreach ((int Batch, int Queries, int Keys, int Heads, int HeadDim) size in Sizes)
        {
            float[][] expected = Run(single, size), found = Run(narrow, size);
            for (int i = 0; i < expected.Length; i++)
            {
                double magnitude = Math.Sqrt(expected[i].Average(value => (double)value * value));
                double error = Math.Sqrt(expected[i].Zip(found[i], (e, f) => (double)(e - f) * (e - f)).Average());
                Assert.True(error <= 0.012 * magnitude + 1e-3, $"{size}, tensor {i}: {error} of {magnitude}");
                if (magnitude > 1e-3 && size.HeadDim > 1) Assert.NotEqual(expected[i], found[i]);
            }
        }
    }

    [Fact]
    public void Bits_do_not_depend_on_the_threads()
    {
        foreach ((int Batch, int Queries, int Keys, int Heads, int HeadDim) size in Sizes)
            Assert.Equal(Run(Device.CreateCpu(1, precision: Precision.Bf16), size),
                Run(Device.CreateCpu(3, precision: Precision.Bf16), size));
    }

    [Fact]
    public void The_instructions_and_what_stands_for_them_give_the_same_bits()
    {
        Assert.SkipWhen(AssembledTiles.OfPairs is null, "The processor has no AVX512-BF16.");
        foreach ((int Batch, int Queries, int Keys, int Heads, int HeadDim) size in Sizes)
            Assert.Equal(Head<ManagedTiles<Simd512, Pairs>>(size), Head<AssembledPairs>(size));
    }

    private static float[] Head<TTiles>((int Batch, int Queries, int Keys, int Heads, int HeadDim) size)
        where TTiles : struct, ITiles
    {
        (_, int n, _, _, int d) = size;
        Storage Filled(int count, int seed)
        {
            CpuStorage storage = new(null!, count);
            Random random = new(seed);
            for (int i = 0; i < count; i++) storage.Pointer[i] = random.NextSingle() - 0.5f;
            return storage;
        }

        Storage q = Filled(n * d, 1), k = Filled(n * d, 2), v = Filled(n * d, 3), y = Filled(n * d, 4),
            sums = Filled(n, 5),
            dy = Filled(n * d, 6), dq = Filled(n * d, 7), dk = Filled(n * d, 8), dv = Filled(n * d, 9);
        AttentionHead<Simd512, TTiles> head = new(new(1, n, n, 1, d, 0.3f, new(q, 0, d), new(k, 0, d), new(v, 0, d)), 0,
            0);
        float* Of(Storage storage) => ((CpuStorage)storage).Pointer;
        head.Forward(Of(y), Of(sums), 0, n);
        head.Backward(Of(y), Of(sums), Of(dy),
            new(new(new(dq, 0, d), false), new(new(dk, 0, d), false), new(new(dv, 0, d), true)));
        return [.. ((Storage[])[y, dq, dk, dv]).SelectMany(storage => new Span<float>(Of(storage), n * d).ToArray())];
    }

    private static float[][] Run(Device device, (int Batch, int Queries, int Keys, int Heads, int HeadDim) size)
    {
        using StepScope scope = StepScope.Begin();
        (int batch, int queries, int keys, int heads, int headDim) = size;
        Tensor Make(int tokens, int seed)
        {
            Random random = new(seed);
            Tensor tensor = Tensor.From([.. Enumerable.Range(0, batch * tokens * heads * headDim)
                .Select(_ => 2 * (random.NextSingle() - 0.5f))], [batch, tokens, heads * headDim], device);
            tensor.RequiresGradient = true;
            return tensor;
        }

        Tensor q = Make(queries, 1), k = Make(keys, 2), v = Make(keys, 3);
        using Tape tape = Tape.Record();
        Tensor y = Ops.Attention(new HeadTensor(q, heads), new HeadTensor(k, heads), new HeadTensor(v, heads));
        tape.Backward(y, Make(queries, 4));
        return [y.ToArray(), q.Gradient!.ToArray(), k.Gradient!.ToArray(), v.Gradient!.ToArray()];
    }
}

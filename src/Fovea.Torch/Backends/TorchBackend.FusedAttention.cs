using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    private Lazy<bool>? _flashAgrees, _efficientAgrees;

    /// <summary>Kernels of libtorch that store no matrix of all pairs.</summary>
    internal enum FusedKernel
    {
        /// <summary>On the CPU.</summary>
        Host,

        /// <summary>On cuda, in bfloat16.</summary>
        Flash,

        /// <summary>On cuda, in single precision too.</summary>
        Efficient,
    }

    /// <summary>Which kernel softmax attention without windows and biases uses, for a person; null: none.</summary>
    internal string? FusedKernelName =>
        _isHost ? "flash for the CPU" : IsUsable(FusedKernel.Flash) ? "flash"
        : IsUsable(FusedKernel.Efficient) ? "memory-efficient" : null;

    private FusedKernel? FusedKernelOf(in AttentionArguments a)
    {
        if (a.Relation is not null || a.QueryBias is not null || a.KeyBias is not null || a.HeadBias is not null)
            return null;
        if (_isHost) return FusedKernel.Host;
        if (a.HeadDim % 8 != 0 || a.HeadDim > 256) return null;   // as their vectors are wide
        return IsUsable(FusedKernel.Flash) ? FusedKernel.Flash
            : IsUsable(FusedKernel.Efficient) ? FusedKernel.Efficient : null;
    }

    private bool IsUsable(FusedKernel kernel)
    {
        if (_deviceType != Torch.CudaType || kernel == FusedKernel.Flash && !IsLow) return false;
        ref Lazy<bool>? agrees = ref kernel == FusedKernel.Flash ? ref _flashAgrees : ref _efficientAgrees;
        LazyInitializer.EnsureInitialized(ref agrees, () => new(() => Agrees(kernel)));
        return agrees!.Value;
    }

    /// <summary>
    /// Compares a kernel with the definition once, on a small case with a last block that is not full. What it takes
    /// and returns is its own affair from version to version: a kernel that fails here, or says something else, is not
    /// used.
    /// </summary>
    internal bool Agrees(FusedKernel kernel)
    {
        const int Batch = 2, Heads = 2, Tokens = 40, Width = 16, Count = Batch * Heads * Tokens * Width;
        HeadView View(ulong stream, float scale)
        {
            float[] values = new float[Count];
            Philox random = new(8, stream);
            for (int i = 0; i < Count; i++) values[i] = random.Uniform((ulong)i, -scale, scale);
            TorchStorage storage = new(this, Count);
            Write(storage, values);
            return new(storage, 0, Heads * Width);
        }

        HeadView q = View(0, 2), k = View(1, 2), v = View(2, 1), dy = View(3, 1);
        AttentionArguments a = new(Batch, Tokens, Tokens, Heads, Width, 0.4f, q, k, v);
        TorchStorage result = new(this, Count), logSums = new(this, Batch * Heads * Tokens);
        try
        {
            using Aten aten = new(this);
            (NativeTensor y, NativeTensor sums) = Fused(aten, kernel, a);
            aten.PutProduct(aten.One("transpose.int", y, 1L, 2L), result, Count);
            aten.Put(sums, logSums, Batch * Heads * Tokens);
            HeadView from = new(result, 0, Heads * Width);
            (NativeTensor dq, NativeTensor dk, NativeTensor dv) = FusedBackward(aten, kernel, a, from, logSums, dy);
            return AgreesWithDefinition(aten, a, dy, [y, dq, dk, dv], logSums);
        }
        catch (TorchException)
        {
            return false;
        }
        finally
        {
            foreach (Storage made in (Storage[])[q.Storage, k.Storage, v.Storage, dy.Storage, result, logSums])
                ((TorchStorage)made).Dispose();
        }
    }

    /// <summary>y, the log-sums, dq, dk and dv by products, of operands in single precision.</summary>
    private bool AgreesWithDefinition(in Aten aten, in AttentionArguments a, HeadView dy, NativeTensor[] results,
        TorchStorage logSums)
    {
        (int sequences, int n) = (a.Batch * a.Heads, a.Queries);
        NativeTensor q = Packed(aten, a.Q, a.Batch, n, a.Heads, a.HeadDim),
            k = Packed(aten, a.K, a.Batch, n, a.Heads, a.HeadDim),
            v = Packed(aten, a.V, a.Batch, n, a.Heads, a.HeadDim),
            d = Packed(aten, dy, a.Batch, n, a.Heads, a.HeadDim);
        NativeTensor scores = aten.Multiply(aten.ExactBatchProduct(q, aten.Transposed(k)), a.Scale);
        NativeTensor logs = aten.One("logsumexp", scores, (long[])[2], true);
        NativeTensor p = aten.Exp(aten.Subtract(scores, logs));
        NativeTensor y = aten.ExactBatchProduct(p, v);
        NativeTensor dp = aten.Subtract(aten.ExactBatchProduct(d, aten.Transposed(v)),
            aten.Sum(aten.Multiply(d, y), [2], keep: true));
        NativeTensor ds = aten.Multiply(aten.Multiply(p, dp), a.Scale);
        NativeTensor[] expected = [y, aten.ExactBatchProduct(ds, k), aten.ExactBatchProduct(aten.Transposed(ds), q),
            aten.ExactBatchProduct(aten.Transposed(p), d)];
        double bound = IsLow ? 0.03 : 1e-3;
        for (int i = 0; i < expected.Length; i++)
        {
            NativeTensor shown = aten.Cloned(results[i], [a.Batch, a.Heads, n, a.HeadDim], Torch.Float32);
            if (!IsNear(aten, aten.View(shown, sequences, n, a.HeadDim), expected[i], bound)) return false;
        }

        return IsNear(aten, aten.View(logSums, sequences, n, 1), logs, bound);
    }

    /// <summary>Largest difference against the largest value.</summary>
    private bool IsNear(in Aten aten, NativeTensor shown, NativeTensor expected, double bound)
    {
        double Largest(in Aten aten, NativeTensor x)
        {
            float largest = 0;
            CopyHost(aten, (byte*)&largest, 1, Torch.Float32,
                aten.Strided(aten.One("max", aten.One("abs", x)), [1], [1]), toHost: true);
            return largest;
        }

        return Largest(aten, aten.Subtract(shown, expected)) <= bound * Largest(aten, expected);   // not with NaN
    }

    /// <summary>y <c>[batch, head, query, element]</c> and the log-sums <c>[batch, head, query]</c>.</summary>
    private static (NativeTensor Y, NativeTensor LogSums) Fused(in Aten aten, FusedKernel kernel,
        in AttentionArguments a)
    {
        NativeTensor q = OperandHeads(aten, a.Q, a.Batch, a.Queries, a.Heads, a.HeadDim),
            k = OperandHeads(aten, a.K, a.Batch, a.Keys, a.Heads, a.HeadDim),
            v = OperandHeads(aten, a.V, a.Batch, a.Keys, a.Heads, a.HeadDim);
        Argument scale = Argument.Some((double)a.Scale);
        switch (kernel)
        {
            case FusedKernel.Host:
                return aten.Two("_scaled_dot_product_flash_attention_for_cpu", q, k, v, 0.0, false, Argument.None,
                    scale);
            case FusedKernel.Flash:
                return aten.FirstTwo("_scaled_dot_product_flash_attention", "ttttiittt", q, k, v, 0.0, false, false,
                    scale);
            default:
                (NativeTensor y, NativeTensor padded) = aten.FirstTwo("_scaled_dot_product_efficient_attention", "tttt",
                    q, k, v, Argument.None, true, 0.0, false, scale);
                long rows = aten.SizeOf(padded, 2);
                return (y, aten.Cloned(aten.Strided(padded, [a.Batch, a.Heads, a.Queries],
                    [a.Heads * rows, rows, 1]), [a.Batch, a.Heads, a.Queries]));
        }
    }

    private (NativeTensor Dq, NativeTensor Dk, NativeTensor Dv) FusedBackward(in Aten aten, FusedKernel kernel,
        in AttentionArguments a, HeadView y, Storage logSums, HeadView dy)
    {
        NativeTensor from = OperandHeads(aten, dy, a.Batch, a.Queries, a.Heads, a.HeadDim),
            q = OperandHeads(aten, a.Q, a.Batch, a.Queries, a.Heads, a.HeadDim),
            k = OperandHeads(aten, a.K, a.Batch, a.Keys, a.Heads, a.HeadDim),
            v = OperandHeads(aten, a.V, a.Batch, a.Keys, a.Heads, a.HeadDim),
            result = OperandHeads(aten, y, a.Batch, a.Queries, a.Heads, a.HeadDim),
            sums = aten.View(logSums, a.Batch, a.Heads, a.Queries);
        Argument scale = Argument.Some((double)a.Scale);
        switch (kernel)
        {
            case FusedKernel.Host:
                return aten.Three("_scaled_dot_product_flash_attention_for_cpu_backward", from, q, k, v, result, sums,
                    0.0, false, Argument.None, scale);
            case FusedKernel.Flash:
                return aten.Three("_scaled_dot_product_flash_attention_backward", from, q, k, v, result, sums,
                    aten.Undefined(), aten.Undefined(), (long)a.Queries, (long)a.Keys, 0.0, false, NoSeed(aten),
                    NoSeed(aten), scale);
            default:
                const int Block = 32;
                int rows = (a.Queries + Block - 1) / Block * Block;
                NativeTensor padded = aten.Zeros([a.Batch, a.Heads, rows]);
                aten.Copy(sums, aten.Strided(padded, [a.Batch, a.Heads, a.Queries], [a.Heads * rows, rows, 1]));
                return aten.FirstThree("_scaled_dot_product_efficient_attention_backward", "tttt", from, q, k, v,
                    aten.Undefined(), result, padded, NoSeed(aten), NoSeed(aten), 0.0,
                    (bool[])[true, true, true, false], false, scale);
        }
    }

    /// <summary>The place of a random state; nothing is dropped.</summary>
    private NativeTensor NoSeed(in Aten aten)
    {
        NativeTensor seed = aten.Empty([2], Torch.Int64);
        aten.Zero(seed);
        return seed;
    }
}

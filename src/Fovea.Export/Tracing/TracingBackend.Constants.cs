using Fovea.Tensors;

namespace Fovea.Export.Tracing;

/// <content>What is made of weights and tables alone is computed while exporting: resampled positions, embeddings of
/// relative positions, kernels in another layout.</content>
internal sealed partial class TracingBackend
{
    private static readonly Backend Host = Device.Cpu.Backend;

    /// <summary>Computes a result whose inputs are all known.</summary>
    /// <param name="y">The result.</param>
    /// <param name="compute">Calls the primitive of a backend with its buffers in place of the trace's.</param>
    /// <param name="inputs">The inputs; null where there is none.</param>
    /// <returns>False: an input depends on the images, and nothing was computed.</returns>
    private bool IsComputed(Target y, Action<Func<Storage, Storage>> compute, params Storage?[] inputs)
    {
        if (y.Accumulate || !inputs.OfType<Storage>().All(Trace.Knows)) return false;
        Dictionary<Storage, Storage> lent = [];
        TracedStorage result = (TracedStorage)y.Storage;
        float[] numbers = new float[result.Capacity];
        compute(Lend);
        Host.Read(Lend(result), numbers);
        result.Numbers = numbers;
        foreach (Storage storage in lent.Values) Host.Return(storage);
        return true;

        Storage Lend(Storage traced)
        {
            if (lent.TryGetValue(traced, out Storage? known)) return known;
            Storage storage = lent[traced] = Host.Rent(traced.Capacity);
            if (traced != result) Host.Write(storage, ((TracedStorage)traced).Numbers);
            return storage;
        }
    }

    /// <summary>A block of a known buffer, <c>[rows, columns]</c>; null: it is not known.</summary>
    private float[]? Block(Storage x, int offset, int stride, int rows, int columns)
    {
        if (!Trace.Knows(x)) return null;
        float[] from = ((TracedStorage)x).Numbers!, block = new float[rows * columns];
        for (int row = 0; row < rows; row++)
            from.AsSpan(offset + row * stride, columns).CopyTo(block.AsSpan(row * columns));
        return block;
    }
}

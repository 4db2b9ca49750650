using System.Runtime.InteropServices;

namespace Fovea.Tensors.Backends.Cpu.Assembly;

/// <summary>Conversions to pairs of bfloat16, assembled when first asked for; null where the processor or the system
/// has none. <see cref="MatMul.PairPanels{V}"/> defines them.</summary>
internal sealed unsafe class AssembledConversions
{
    private const int Lanes = 16;

    private static readonly Lazy<AssembledConversions?> Instance = new(Create);

    private readonly nint _along, _across;
    private readonly short* _order;

    private AssembledConversions(nint along, nint across)
    {
        (_along, _across) = (along, across);
        _order = (short*)NativeMemory.AlignedAlloc(2 * Lanes * sizeof(short), 64);   // as long as the process
        for (int i = 0; i < Lanes; i++) (_order[2 * i], _order[2 * i + 1]) = ((short)i, (short)(i + Lanes));
    }

    /// <summary>The conversions; null: there are none.</summary>
    internal static AssembledConversions? Pairs => Instance.Value;

    /// <summary>Neighbours in a row.</summary>
    /// <param name="source">Numbers.</param>
    /// <param name="pairs">Half as many pairs; may begin where the numbers do.</param>
    /// <param name="inner">How many numbers there are.</param>
    /// <returns>How many were converted, a multiple of 32.</returns>
    internal int Along(float* source, float* pairs, int inner)
    {
        int count = inner / (2 * Lanes);
        if (count > 0)
            ((delegate* unmanaged[SuppressGCTransition]<float*, float*, nint, void>)_along)(source, pairs, count);
        return count * 2 * Lanes;
    }

    /// <summary>Neighbours in a column.</summary>
    /// <param name="first">A row.</param>
    /// <param name="second">The row below.</param>
    /// <param name="pairs">As many pairs as a row has numbers.</param>
    /// <param name="columns">How many these are.</param>
    /// <returns>How many were converted, a multiple of 16.</returns>
    internal int Across(float* first, float* second, float* pairs, int columns)
    {
        int count = columns / Lanes;
        if (count > 0)
            ((delegate* unmanaged[SuppressGCTransition]<float*, float*, float*, nint, short*, void>)_across)(
                first, second, pairs, count, _order);
        return count * Lanes;
    }

    private static AssembledConversions? Create()
    {
        if (!Processor.HasPairProducts) return null;
        nint along = CodeMemory.Load(PairAssembler.Along()), across = CodeMemory.Load(PairAssembler.Across());
        return along == 0 || across == 0 ? null : new(along, across);
    }
}

namespace Fovea.Tensors;

/// <summary>
/// Forward passes whose results do not depend on the size of the batch, to the last bit. Some primitives of the CPU
/// choose by the work at hand how they add up (convolutions of few positions, linear attention of few heads), and a
/// large batch is more work than a small one; where invariance is asked for, they choose as for a large one.
/// </summary>
public static class BatchInvariance
{
    [ThreadStatic]
    private static int _depth;

    /// <summary>True on a thread that has asked for it.</summary>
    internal static bool IsAsked => _depth > 0;

    /// <summary>Asks for it on this thread until disposed. Devices of PyTorch have no such promise: theirs holds up to
    /// rounding.</summary>
    public static IDisposable Begin()
    {
        _depth++;
        return new Period();
    }

    private sealed class Period : IDisposable
    {
        private bool _ended;

        public void Dispose()
        {
            if (_ended) return;
            _ended = true;
            _depth--;
        }
    }
}

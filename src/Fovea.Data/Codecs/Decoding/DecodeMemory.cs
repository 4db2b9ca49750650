namespace Fovea.Data.Codecs.Decoding;

/// <summary>Memory that all decoding of a process shares: whoever finds it taken waits, so that many workers with large
/// images take turns rather than exhaust the machine.</summary>
/// <param name="total">Bytes; an image that needs more has all of them to itself.</param>
internal sealed class DecodeMemory(long total)
{
    private readonly Lock _turn = new();
    private readonly object _gate = new();
    private long _used;

    /// <summary>As much as one image may take within the default limits.</summary>
    public static DecodeMemory Shared { get; } = new(DecodeLimits.UsualBytes);

    /// <summary>Bytes taken at the moment.</summary>
    public long Used
    {
        get
        {
            lock (_gate) return _used;
        }
    }

    /// <summary>Takes memory; waits, in the order of asking, until it is there. Disposing gives it back.</summary>
    public Lease Take(long bytes)
    {
        lock (_turn)
            lock (_gate)
            {
                while (_used > 0 && _used > total - bytes) Monitor.Wait(_gate);
                _used += bytes;
            }

        return new Lease(this, bytes);
    }

    private void Give(long bytes)
    {
        lock (_gate)
        {
            _used -= bytes;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Bytes that were taken.</summary>
    public readonly struct Lease(DecodeMemory memory, long bytes) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => memory.Give(bytes);
    }
}

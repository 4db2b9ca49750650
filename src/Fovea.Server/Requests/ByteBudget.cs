namespace Fovea.Server.Requests;

/// <summary>Memory that the bodies of all requests share.</summary>
/// <param name="total">Bytes.</param>
internal sealed class ByteBudget(long total)
{
    private long _used;

    /// <summary>Bytes taken at the moment.</summary>
    public long Used => Volatile.Read(ref _used);

    /// <summary>A share that grows while a body arrives.</summary>
    public Share Begin() => new(this);

    /// <summary>Bytes of one body.</summary>
    internal sealed class Share(ByteBudget budget) : IDisposable
    {
        private long _bytes;

        /// <summary>Takes more bytes; false where there are none left.</summary>
        public bool TryTake(long bytes)
        {
            if (Interlocked.Add(ref budget._used, bytes) > budget.Total)
            {
                Interlocked.Add(ref budget._used, -bytes);
                return false;
            }

            _bytes += bytes;
            return true;
        }

        /// <inheritdoc/>
        public void Dispose() => Interlocked.Add(ref budget._used, -Interlocked.Exchange(ref _bytes, 0));
    }

    private long Total => total;
}

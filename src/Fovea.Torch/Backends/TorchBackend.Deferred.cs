using Fovea.Torch.Native;

namespace Fovea.Torch.Backends;

internal sealed unsafe partial class TorchBackend
{
    /// <summary>Copies to pinned memory in the device's own order; a mark behind the numbers says when they are
    /// there.</summary>
    public override PendingNumbers? BeginRead(IReadOnlyList<(Storage Source, int Count)> sources)
    {
        if (IsHost || _deviceType == Torch.MpsType) return null;
        using Aten aten = new(this);
        int count = sources.Sum(source => source.Count);
        NativeTensor host = PinnedFor(aten, count + 1);
        float* numbers = (float*)Pointer(host);
        numbers[count] = 0;
        long start = 0;
        foreach ((Storage source, int length) in sources)
        {
            CopyLater(aten, aten.View(source, length), aten.Strided(host, [length], [1], start));
            start += length;
        }

        CopyLater(aten, aten.Strided(aten.Number(1), [1], [1]), aten.Strided(host, [1], [1], count));
        aten.GiveAway(host);
        return new Pending(this, host, numbers, count);
    }

    private static void CopyLater(in Aten aten, NativeTensor from, NativeTensor to) =>
        aten.Check(aten.CopyWithoutWaiting(from, to), "copy_");

    private NativeTensor PinnedFor(in Aten aten, long count)
    {
        nint pinned;
        long one = 1;
        aten.Check(_isHost ? Torch.EmptyStrided(1, &count, &one, Torch.Float32, Torch.CpuType, 0, &pinned)
            : Torch.EmptyPinned(1, &count, &one, Torch.Float32, Torch.CpuType, 0, &pinned), "pinned memory");
        return aten.Owning(new(pinned));
    }

    private const long Patience = 2000;   // milliseconds

    private sealed class Pending(TorchBackend backend, NativeTensor host, float* numbers, int count) : PendingNumbers
    {
        public override float[] Wait()
        {
            // A device that failed never sets the mark: waiting for all it was told throws then.
            SpinWait wait = default;
            long start = Environment.TickCount64;
            while (Volatile.Read(ref numbers[count]) == 0 && Environment.TickCount64 - start < Patience)
                wait.SpinOnce();
            if (Volatile.Read(ref numbers[count]) == 0) backend.Synchronize();
            float[] read = new Span<float>(numbers, count).ToArray();
            backend.Delete(host);
            return read;
        }
    }
}

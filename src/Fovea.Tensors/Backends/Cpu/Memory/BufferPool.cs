namespace Fovea.Tensors.Backends.Cpu.Memory;

/// <summary>Free buffers by size. A request takes the smallest that fits, if it is not more than twice too
/// large.</summary>
/// <param name="backend">The backend that buffers belong to.</param>
/// <param name="touch">Gets each new buffer before it is used; null: nothing has to be done.</param>
internal sealed class BufferPool(Backend backend, Action<CpuStorage>? touch)
{
    private readonly Lock _gate = new();
    private readonly SortedList<int, Stack<CpuStorage>> _free = [];
    private long _allocated;

    internal long AllocatedBytes => Interlocked.Read(ref _allocated);

    internal CpuStorage Rent(int count)
    {
        int size = Math.Max(16, checked((count + 15) & ~15));
        return PassRecording.Current is { } recording ? recording.Rent(this, size) : Take(size);
    }

    internal CpuStorage Take(int size)
    {
        lock (_gate)
        {
            for (int i = FirstAtLeast(size); i < _free.Count && _free.Keys[i] <= 2L * size; i++)
                if (_free.Values[i].TryPop(out CpuStorage? storage)) return storage;
        }

        CpuStorage fresh = new(backend, size);
        Interlocked.Add(ref _allocated, fresh.Bytes);
        touch?.Invoke(fresh);
        return fresh;
    }

    internal void Return(CpuStorage storage)
    {
        PassRecording.Current?.Return(storage);
        if (storage.IsView) return;
        lock (_gate)
        {
            if (!_free.TryGetValue(storage.Capacity, out Stack<CpuStorage>? stack))
                _free.Add(storage.Capacity, stack = new());
            stack.Push(storage);
        }
    }

    internal void Trim()
    {
        lock (_gate)
        {
            foreach (Stack<CpuStorage> stack in _free.Values)
                foreach (CpuStorage storage in stack) Interlocked.Add(ref _allocated, -storage.Bytes);
            _free.Clear();
        }
    }

    private int FirstAtLeast(int size)
    {
        int low = 0, high = _free.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_free.Keys[middle] < size) low = middle + 1;
            else high = middle;
        }

        return low;
    }
}

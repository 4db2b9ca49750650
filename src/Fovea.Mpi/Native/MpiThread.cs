using System.Collections.Concurrent;

namespace Fovea.Mpi.Native;

/// <summary>The one thread that calls the library, in the order in which it is asked: MPI with MPI_THREAD_FUNNELED
/// wants all calls on the thread that initialised it.</summary>
internal sealed class MpiThread
{
    private readonly BlockingCollection<Call> _calls = [];

    public MpiThread()
    {
        Thread thread = new(() =>
        {
            foreach (Call call in _calls.GetConsumingEnumerable()) call.Make();
        })
        { IsBackground = true, Name = "MPI" };
        thread.Start();
    }

    /// <summary>Makes a call and waits for it; what it throws is thrown here.</summary>
    public void Run(Action action) => Start(action).GetAwaiter().GetResult();

    /// <summary>Makes a call and waits for it some time; false where it has not come to its end by then.</summary>
    public bool TryRun(Action action, TimeSpan patience) => Task.WaitAny([Start(action)], patience) == 0;

    private Task Start(Action action)
    {
        Call call = new(action);
        _calls.Add(call);
        return call.Done;
    }

    private sealed class Call(Action action)
    {
        private readonly TaskCompletionSource _source = new();

        public Task Done => _source.Task;

        public void Make()
        {
            try
            {
                action();
                _source.SetResult();
            }
            catch (Exception error)   // belongs to who asked
            {
                _source.SetException(error);
            }
        }
    }
}

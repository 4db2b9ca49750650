using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Fovea.Core.Collectives;
using Fovea.Mpi.Native;

namespace Fovea.Mpi;

/// <summary>The ranks of MPI_COMM_WORLD.</summary>
/// <remarks>
/// MPI is finalised when the process ends with exit code 0. Every other end (another code, an exception that nobody
/// catches) aborts the job: the other ranks would wait for this one for ever, and not every launcher ends them.
/// </remarks>
internal sealed unsafe class MpiCollective : ICollective
{
    private const int Tag = 15;
    private const int LargestMessage = 1 << 30;   // bytes: counts are of 32 bits, and some transports stop at 2 GiB
    private const int StatusSize = 64;            // bytes; the largest MPI_Status, of MPI-5, has 32

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly MpiLibrary _mpi;
    private readonly MpiHandles _handles;
    private readonly MpiThread _thread = new();
    private int _isOver;

    /// <summary>Initialises MPI.</summary>
    public MpiCollective(MpiLibrary mpi)
    {
        _mpi = mpi;
        _handles = mpi.Handles;
        _thread.Run(Initialise);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => End();
        AppDomain.CurrentDomain.UnhandledException += (_, error) => Abort(Describe(error.ExceptionObject), 1);
    }

    public string Name => _mpi.Version;

    public int Rank { get; private set; }

    public int Size { get; private set; }

    public int LocalRank { get; private set; }

    public int LocalSize { get; private set; }

    public void AllReduce(Span<float> values)
    {
        fixed (float* start = values)
        {
            (nint address, int length) = ((nint)start, values.Length);
            _thread.Run(() =>
            {
                const int most = LargestMessage / sizeof(float);
                for (int i = 0; i < length; i += Math.Min(most, length - i))
                    _mpi.Check(_mpi.AllReduce(_handles.InPlace, (float*)address + i, Math.Min(most, length - i),
                        _handles.Float, _handles.Sum, _handles.World), "an all-reduce");
            });
        }
    }

    public void Broadcast(Span<byte> data, int root = 0)
    {
        RequireRank(root, nameof(root));
        fixed (byte* start = data)
        {
            nint address = (nint)start;
            int length = data.Length;
            _thread.Run(() => InParts(address, length, (part, count) => _mpi.Check(_mpi.Broadcast((void*)part, count,
                _handles.Byte, root, _handles.World), "a broadcast")));
        }
    }

    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> data, int root = 0)
    {
        RequireRank(root, nameof(root));
        if (Rank != root)
        {
            this.Send<int>([data.Length], root);
            Send(data, root);
            return [];
        }

        byte[][] all = new byte[Size][];
        for (int rank = 0; rank < Size; rank++)
        {
            if (rank == Rank)
            {
                all[rank] = data.ToArray();
                continue;
            }

            int length = 0;
            this.Receive<int>(new Span<int>(ref length), rank);
            all[rank] = new byte[length];
            Receive(all[rank], rank);
        }

        return all;
    }

    public void Barrier() => _thread.Run(() => _mpi.Check(_mpi.Barrier(_handles.World), "a barrier"));

    public void Send(ReadOnlySpan<byte> data, int to)
    {
        RequireOther(to, nameof(to));
        fixed (byte* start = data)
        {
            nint address = (nint)start;
            int length = data.Length;
            _thread.Run(() => InParts(address, length, (part, count) => _mpi.Check(_mpi.Send((void*)part, count,
                _handles.Byte, to, Tag, _handles.World), $"sending to rank {to}")));
        }
    }

    public void Receive(Span<byte> data, int from)
    {
        RequireOther(from, nameof(from));
        fixed (byte* start = data)
        {
            nint address = (nint)start;
            int length = data.Length;
            _thread.Run(() => InParts(address, length, (part, count) =>
            {
                byte* status = stackalloc byte[StatusSize];
                _mpi.Check(_mpi.Receive((void*)part, count, _handles.Byte, from, Tag, _handles.World, status),
                    $"receiving from rank {from}");
                RequireCount(status, count, from);
            }));
        }
    }

    public void Exchange(ReadOnlySpan<byte> data, int to, Span<byte> received, int from)
    {
        RequireOther(to, nameof(to));
        RequireOther(from, nameof(from));
        fixed (byte* source = data, target = received)
        {
            (nint sent, int sentLength, nint taken, int takenLength) = ((nint)source, data.Length, (nint)target,
                received.Length);
            _thread.Run(() => ExchangeParts(sent, sentLength, to, taken, takenLength, from));
        }
    }

    [DoesNotReturn]
    public void Abort(string? message, int code)
    {
        ArgumentOutOfRangeException.ThrowIfZero(code);
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            if (message is not null) Console.Error.WriteLine($"fovea: rank {Rank} of {Size}: {message}");
            EndJob(code);
        }

        while (true) Thread.Sleep(Timeout.Infinite);   // another thread ends the process
    }

    /// <summary>Finalises MPI; nothing can be called any more.</summary>
    /// <remarks>All ranks meet before: where one aborts while others finalise, mpirun of Open MPI 4.1.4 may hang or
    /// crash.</remarks>
    internal void Finish()
    {
        if (Interlocked.Exchange(ref _isOver, 1) != 0) return;
        _thread.Run(() =>
        {
            _ = _mpi.Barrier(_handles.World);
            _ = _mpi.Finalise();
        });
    }

    private void Initialise()
    {
        int given, rank, size;
        _mpi.Check(_mpi.Initialise(null, null, _handles.Funneled, &given), "MPI_Init_thread");
        _mpi.Check(_mpi.SetErrorHandler(_handles.World, _handles.ErrorsReturn), "MPI_Comm_set_errhandler");
        _mpi.Check(_mpi.Rank(_handles.World, &rank), "MPI_Comm_rank");
        _mpi.Check(_mpi.Size(_handles.World, &size), "MPI_Comm_size");
        (Rank, Size) = (rank, size);
        nint machine = 0;
        _mpi.Check(_mpi.SplitByType(_handles.World, _handles.Shared, rank, _handles.NoInfo, &machine),
            "MPI_Comm_split_type");
        _mpi.Check(_mpi.Rank(machine, &rank), "MPI_Comm_rank");
        _mpi.Check(_mpi.Size(machine, &size), "MPI_Comm_size");
        (LocalRank, LocalSize) = (rank, size);
        _mpi.Check(_mpi.FreeCommunicator(&machine), "MPI_Comm_free");
    }

    private void ExchangeParts(nint sent, int sentLength, int to, nint taken, int takenLength, int from)
    {
        byte* status = stackalloc byte[StatusSize], ofSending = stackalloc byte[StatusSize];
        for (int part = 0; part < Math.Max(PartsOf(sentLength), PartsOf(takenLength)); part++)
        {
            nint done = (nint)part * LargestMessage;
            int expected = (int)Math.Min(LargestMessage, takenLength - done);
            bool receives = part < PartsOf(takenLength), sends = part < PartsOf(sentLength);
            nint receiving = 0, sending = 0;
            if (receives)
                _mpi.Check(_mpi.StartReceive((void*)(taken + done), expected, _handles.Byte, from, Tag, _handles.World,
                    &receiving), $"receiving from rank {from}");
            if (sends)
                _mpi.Check(_mpi.StartSend((void*)(sent + done), (int)Math.Min(LargestMessage, sentLength - done),
                    _handles.Byte, to, Tag, _handles.World, &sending), $"sending to rank {to}");
            if (receives)
            {
                Wait(&receiving, status, "receiving from rank", from);
                RequireCount(status, expected, from);
            }

            if (sends) Wait(&sending, ofSending, "sending to rank", to);
        }
    }

    /// <summary>Waits until a message is through. The libraries' own waiting keeps a core busy, on which another thread
    /// of this process has to compute meanwhile: so after some tries each further one comes after a pause.</summary>
    private void Wait(nint* request, void* status, string what, int rank)
    {
        const int tries = 300;   // some tens of microseconds
        int isDone = 0;
        for (int i = 0; ; i++)
        {
            _mpi.Check(_mpi.Test(request, &isDone, status), $"{what} {rank}");
            if (isDone != 0) return;
            if (i >= tries) Pause.Shortly();
        }
    }

    /// <summary>Number of messages for so many bytes; none at all are one message.</summary>
    private static int PartsOf(int length) => Math.Max(1, (int)((length + LargestMessage - 1L) / LargestMessage));

    /// <summary>Does something with each part of a message; an empty message has one, which is empty.</summary>
    private static void InParts(nint address, int length, Action<nint, int> act)
    {
        for (int part = 0; part < PartsOf(length); part++)
        {
            int done = part * LargestMessage;
            act(address + done, Math.Min(LargestMessage, length - done));
        }
    }

    private void RequireCount(void* status, int expected, int from)
    {
        int count;
        _mpi.Check(_mpi.Count(status, _handles.Byte, &count), "MPI_Get_count");
        if (count != expected)
            throw new MpiException($"rank {from} sent {count} bytes where rank {Rank} expected {expected}.");
    }

    private void RequireRank(int rank, string name)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rank, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(rank, Size, name);
    }

    private void RequireOther(int rank, string name)
    {
        RequireRank(rank, name);
        ArgumentOutOfRangeException.ThrowIfEqual(rank, Rank, name);
    }

    private void End()
    {
        if (Environment.ExitCode == 0) Finish();
        else if (Interlocked.Exchange(ref _isOver, 1) == 0) EndJob(Environment.ExitCode);
    }

    /// <summary>Aborts on the thread of MPI, or on this one where that waits for other ranks; and should the library
    /// not end this process, ends it.</summary>
    private void EndJob(int code)
    {
        Thread.Sleep(Patience / 4);   // Hydra, MPICH's launcher, drops what it has not read when a rank aborts
        new Thread(() =>
        {
            Thread.Sleep(Patience * 2);
            Process.GetCurrentProcess().Kill();
        })
        { IsBackground = true }.Start();
        void AbortAll() => _ = _mpi.Abort(_handles.World, code);
        if (!_thread.TryRun(AbortAll, Patience / 4)) AbortAll();
    }

    private static string Describe(object error) => error switch
    {
        FoveaException known => known.Remedy is null ? known.Message : $"{known.Message} {known.Remedy}",
        Exception other => $"{other.GetType().Name}: {other.Message}",
        _ => "an error of unknown kind",
    };
}

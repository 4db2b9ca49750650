using System.Diagnostics.CodeAnalysis;

namespace Fovea.Core.Collectives;

/// <summary>The processes that work on one run together (ranks 0 to size - 1), and what they tell each other.</summary>
/// <remarks>
/// Every call blocks until this rank's part is done. A collective call (all-reduce, broadcast, gather, barrier) is made
/// by all ranks, in the same order and with the same sizes; one that is made by some only waits for ever. Calls may
/// come from any thread, and are carried out one at a time in the order in which they come: whoever overlaps
/// communication with computing makes all of them on one thread of its own.
/// </remarks>
public interface ICollective
{
    /// <summary>Name and version of the transport, e.g. <c>Open MPI 4.1.4</c>.</summary>
    string Name { get; }

    /// <summary>Number of this process, 0 to <see cref="Size"/> - 1.</summary>
    int Rank { get; }

    /// <summary>Number of processes.</summary>
    int Size { get; }

    /// <summary>Number of this process among those of its machine.</summary>
    int LocalRank { get; }

    /// <summary>Number of processes on this machine, which share its processors and memory.</summary>
    int LocalSize { get; }

    /// <summary>Replaces values by their sums over all ranks, which are the same on all ranks. In which order they are
    /// added is the transport's choice and depends on the number of ranks; see <see cref="TreeSum"/>.</summary>
    /// <param name="values">As many on every rank.</param>
    void AllReduce(Span<float> values);

    /// <summary>Copies bytes from one rank to all others.</summary>
    /// <param name="data">As many on every rank.</param>
    /// <param name="root">The rank that has them.</param>
    void Broadcast(Span<byte> data, int root = 0);

    /// <summary>Collects bytes of all ranks, of any length each.</summary>
    /// <param name="data">Those of this rank.</param>
    /// <param name="root">The rank that collects.</param>
    /// <returns>The bytes by rank; nothing on ranks other than the root.</returns>
    IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> data, int root = 0);

    /// <summary>Waits until all ranks have come here.</summary>
    void Barrier();

    /// <summary>Hands bytes to another rank, which has to <see cref="Receive"/> as many.</summary>
    void Send(ReadOnlySpan<byte> data, int to);

    /// <summary>Takes bytes from another rank.</summary>
    /// <exception cref="FoveaException">It sent another number of them.</exception>
    void Receive(Span<byte> data, int from);

    /// <summary>Sends and receives at the same time, so that two ranks can do it with each other.</summary>
    void Exchange(ReadOnlySpan<byte> data, int to, Span<byte> received, int from);

    /// <summary>Ends the processes of all ranks at once, this one too, whatever they do.</summary>
    /// <param name="message">A sentence for the error stream; null where it was said already.</param>
    /// <param name="code">Exit code, not 0.</param>
    [DoesNotReturn]
    void Abort(string? message, int code);
}

using System.Diagnostics.CodeAnalysis;

namespace Fovea.Core.Collectives;

/// <summary>One rank, which is all there is: the ranks of a run that no launcher started.</summary>
public sealed class SingleProcess : ICollective
{
    private SingleProcess()
    {
    }

    /// <summary>The one.</summary>
    public static SingleProcess Instance { get; } = new();

    /// <inheritdoc/>
    public string Name => "one process";

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public int LocalRank => 0;

    /// <inheritdoc/>
    public int LocalSize => 1;

    /// <inheritdoc/>
    public void AllReduce(Span<float> values)
    {
    }

    /// <inheritdoc/>
    public void Broadcast(Span<byte> data, int root = 0) => ArgumentOutOfRangeException.ThrowIfNotEqual(root, 0);

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> data, int root = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(root, 0);
        return [data.ToArray()];
    }

    /// <inheritdoc/>
    public void Barrier()
    {
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> data, int to) => throw NoOther(to);

    /// <inheritdoc/>
    public void Receive(Span<byte> data, int from) => throw NoOther(from);

    /// <inheritdoc/>
    public void Exchange(ReadOnlySpan<byte> data, int to, Span<byte> received, int from) => throw NoOther(to);

    /// <inheritdoc/>
    [DoesNotReturn]
    public void Abort(string? message, int code)
    {
        if (message is not null) Console.Error.WriteLine(message);
        Environment.Exit(code);
    }

    private static ArgumentOutOfRangeException NoOther(int rank) => new(nameof(rank), rank, "There is rank 0 only.");
}

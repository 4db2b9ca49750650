using System.Runtime.InteropServices;

namespace Fovea.Core.Collectives;

/// <summary>Messages of numbers. All ranks run on processors of one byte order.</summary>
public static class CollectiveExtensions
{
    /// <inheritdoc cref="ICollective.Broadcast"/>
    public static void Broadcast<T>(this ICollective ranks, Span<T> data, int root = 0) where T : unmanaged =>
        ranks.Broadcast(MemoryMarshal.AsBytes(data), root);

    /// <inheritdoc cref="ICollective.Send"/>
    public static void Send<T>(this ICollective ranks, ReadOnlySpan<T> data, int to) where T : unmanaged =>
        ranks.Send(MemoryMarshal.AsBytes(data), to);

    /// <inheritdoc cref="ICollective.Receive"/>
    public static void Receive<T>(this ICollective ranks, Span<T> data, int from) where T : unmanaged =>
        ranks.Receive(MemoryMarshal.AsBytes(data), from);

    /// <inheritdoc cref="ICollective.Exchange"/>
    public static void Exchange<T>(this ICollective ranks, ReadOnlySpan<T> data, int to, Span<T> received, int from)
        where T : unmanaged =>
        ranks.Exchange(MemoryMarshal.AsBytes(data), to, MemoryMarshal.AsBytes(received), from);
}

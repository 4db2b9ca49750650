using System.Runtime.InteropServices;
using System.Text;
using Fovea.Core.Collectives;
using Fovea.Nn;

namespace Fovea.Training.Ranks;

/// <summary>Things that rank 0 has and the others need.</summary>
internal static class RankExchange
{
    /// <summary>Bytes that are sent at a time of what may be larger than a message can be, 2 GiB.</summary>
    public const int Piece = 64 << 20;

    /// <summary>A text of rank 0; null stays null.</summary>
    public static string? Text(ICollective ranks, string? text)
    {
        if (ranks.Size == 1) return text;
        byte[]? bytes = Bytes(ranks, text is null ? null : Encoding.UTF8.GetBytes(text));
        return bytes is null ? null : Encoding.UTF8.GetString(bytes);
    }

    /// <summary>A file of rank 0, for work with it: the file itself, or on other ranks a copy that is deleted
    /// afterwards, since they may be on machines that do not see it.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="path">The file; looked at on rank 0 only.</param>
    /// <param name="work">Gets the path to read.</param>
    /// <param name="piece">Bytes that are sent at a time.</param>
    public static T WithFile<T>(ICollective ranks, string path, Func<string, T> work, int piece = Piece)
    {
        if (ranks.Size == 1) return work(path);
        if (ranks.Rank == 0)
        {
            using (FileStream file = File.OpenRead(path)) CopyFile(ranks, file, file.Length, piece);
            return work(path);
        }

        string copy = Path.GetTempFileName();
        try
        {
            using (FileStream file = File.OpenWrite(copy)) CopyFile(ranks, file, 0, piece);
            return work(copy);
        }
        finally
        {
            File.Delete(copy);
        }
    }

    /// <summary>Weights of rank 0.</summary>
    public static void Weights(ICollective ranks, Module model)
    {
        if (ranks.Size == 1) return;
        foreach ((_, NamedTensor tensor) in model.NamedState())
        {
            float[] values = tensor.Value.ToArray();
            ranks.Broadcast<float>(values);
            if (ranks.Rank > 0) tensor.Value.CopyFrom(values);
        }
    }

    /// <summary>True where it is so on any rank.</summary>
    public static bool Any(ICollective ranks, bool mine)
    {
        if (ranks.Size == 1) return mine;
        float[] sum = [mine ? 1 : 0];
        ranks.AllReduce(sum);
        return sum[0] > 0;
    }

    /// <summary>Number of the different things that ranks have found.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="mine">Those of this rank, each once, named by two numbers.</param>
    public static int CountOfAll(ICollective ranks, ReadOnlySpan<(int, int)> mine)
    {
        if (ranks.Size == 1) return mine.Length;
        HashSet<(int, int)> all = [];
        foreach (byte[] theirs in ranks.Gather(MemoryMarshal.AsBytes(mine)))
            all.UnionWith(MemoryMarshal.Cast<byte, (int, int)>(theirs).ToArray());
        int[] count = [all.Count];
        ranks.Broadcast<int>(count);
        return count[0];
    }

    /// <summary>Copies the file of rank 0 into those of the others.</summary>
    private static void CopyFile(ICollective ranks, FileStream file, long length, int piece)
    {
        long[] left = [length];
        ranks.Broadcast<long>(left);
        byte[] buffer = new byte[Math.Min(piece, left[0])];
        while (left[0] > 0)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, left[0]));
            if (ranks.Rank == 0) file.ReadExactly(part);
            ranks.Broadcast(part);
            if (ranks.Rank > 0) file.Write(part);
            left[0] -= part.Length;
        }
    }

    private static byte[]? Bytes(ICollective ranks, byte[]? bytes)
    {
        int[] length = [bytes?.Length ?? -1];
        ranks.Broadcast<int>(length);
        if (length[0] < 0) return null;
        if (ranks.Rank > 0) bytes = new byte[length[0]];
        ranks.Broadcast(bytes.AsSpan());
        return bytes;
    }
}

using System.Text;
using Fovea.Core.Collectives;
using Fovea.Nn;

namespace Fovea.Training.Ranks;

/// <summary>Things that rank 0 has and the others need.</summary>
internal static class RankExchange
{
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
    public static T WithFile<T>(ICollective ranks, string path, Func<string, T> work)
    {
        if (ranks.Size == 1) return work(path);
        byte[]? content = Bytes(ranks, ranks.Rank == 0 ? File.ReadAllBytes(path) : null);
        if (ranks.Rank == 0) return work(path);
        string copy = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(copy, content!);
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

using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Fovea.Core.Collectives;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Nn;

namespace Fovea.Training.Ranks;

/// <summary>Comparison of what has to be the same on all ranks: sums of things that differ look right and are
/// not.</summary>
internal static class RankAgreement
{
    /// <summary>Compares facts with those of rank 0.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="facts">Name and value, as many on all ranks.</param>
    /// <exception cref="UsageException">On all ranks: one differs; the message names it, the fact and both
    /// values.</exception>
    public static void Require(ICollective ranks, IReadOnlyList<(string Name, string Value)> facts)
    {
        if (ranks.Size == 1) return;
        string[] mine = [.. facts.SelectMany(fact => (string[])[fact.Name, fact.Value])];
        if (RankExchange.Text(ranks, FirstDifference(ranks, mine)) is not string difference) return;
        throw new UsageException(difference)
        {
            Remedy = "Start all ranks with one command, and with the same version and the same data on every machine.",
        };
    }

    /// <summary>A sentence on the first fact in which a rank differs; null on other ranks than 0, and where none
    /// does.</summary>
    private static string? FirstDifference(ICollective ranks, string[] mine)
    {
        IReadOnlyList<byte[]> all = ranks.Gather(System.Text.Encoding.UTF8.GetBytes(JsonText.Line(mine)));
        for (int rank = 1; rank < all.Count; rank++)
        {
            string[] theirs = JsonText.Read<string[]>(System.Text.Encoding.UTF8.GetString(all[rank]))!;
            for (int i = 0; i < mine.Length; i += 2)
            {
                if (i + 1 < theirs.Length && theirs[i] == mine[i] && theirs[i + 1] == mine[i + 1]) continue;
                string other = i + 1 < theirs.Length && theirs[i] == mine[i] ? $"'{theirs[i + 1]}'" : "another thing";
                return $"rank {rank} differs from rank 0 in '{mine[i]}': {other} there, '{mine[i + 1]}' on rank 0.";
            }
        }

        return null;
    }

    /// <summary>The first rank whose weights are other ones than those of rank 0; null on other ranks, and where all
    /// are the same.</summary>
    public static int? FirstWithOtherWeights(ICollective ranks, Module model)
    {
        if (ranks.Size == 1) return null;
        byte[] mine = System.Text.Encoding.ASCII.GetBytes(ChecksumOf(model));
        IReadOnlyList<byte[]> all = ranks.Gather(mine);
        for (int rank = 1; rank < all.Count; rank++)
            if (!all[rank].AsSpan().SequenceEqual(mine)) return rank;
        return null;
    }

    /// <summary>A checksum of some images, spread over a part: names and classes say nothing of what they
    /// show.</summary>
    public static string ChecksumOf(IImageDataset part)
    {
        const int Most = 64;
        XxHash128 hash = new();
        RawImage image = new();
        int count = Math.Min(Most, part.Count);
        for (int i = 0; i < count; i++)
        {
            try
            {
                part.Read((int)((long)i * part.Count / count), image);
            }
            catch (DataException)
            {
                continue;   // training says so, or passes it over
            }

            for (int channel = 0; channel < image.Channels; channel++)
                hash.Append(MemoryMarshal.AsBytes(image.Plane(channel)));
        }

        return hash.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }

    /// <summary>A checksum of everything that a checkpoint holds of a model.</summary>
    public static string ChecksumOf(Module model)
    {
        XxHash128 hash = new();
        foreach ((_, NamedTensor tensor) in model.NamedState())
            hash.Append(MemoryMarshal.AsBytes<float>(tensor.Value.ToArray()));
        return hash.GetCurrentHashAsUInt128().ToString("x32", CultureInfo.InvariantCulture);
    }
}

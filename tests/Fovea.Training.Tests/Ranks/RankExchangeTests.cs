using Fovea.Training.Ranks;

namespace Fovea.Training.Tests.Ranks;

public sealed class RankExchangeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(10, 3)]
    [InlineData(9, 3)]
    [InlineData(2, 3)]
    [InlineData(0, 3)]
    public void A_file_of_rank_0_comes_to_all_ranks_piece_by_piece(int length, int piece)
    {
        byte[] content = [.. Enumerable.Range(0, length).Select(i => (byte)i)];
        File.WriteAllBytes(_folder["file"], content);
        (string Path, byte[] Content, long Sent)[] got = ThreadRanks.Run(3, rank => RankExchange.WithFile(rank,
            rank.Rank == 0 ? _folder["file"] : _folder["elsewhere"],
            path => (path, File.ReadAllBytes(path), rank.Sent), piece));
        Assert.All(got, rank => Assert.Equal(content, rank.Content));
        Assert.Equal(_folder["file"], got[0].Path);
        Assert.Equal(2 * (sizeof(long) + length), got[0].Sent);
        Assert.All(got.Skip(1), rank => Assert.False(File.Exists(rank.Path)));
        Assert.True(File.Exists(_folder["file"]));
    }
}

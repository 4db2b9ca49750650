using Fovea.Core.Collectives;

namespace Fovea.Core.Tests.Collectives;

public sealed class ShardMeetingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Shards_get_the_values_of_all_and_run_one_at_a_time_in_their_order(int count)
    {
        using ShardMeeting meeting = new(count, values => [.. values.Select(value => (float[])[value[0] * 10])]);
        List<string> order = [];
        int running = 0;
        for (int step = 0; step < 3; step++)
        {
            order.Clear();
            meeting.Run(shard =>
            {
                Assert.Equal(1, Interlocked.Increment(ref running));
                for (int round = 0; round < 2; round++)
                {
                    order.Add($"{shard}.{round}");
                    float[][] all = ShardMeeting.Current!.Meet([shard + round]);
                    Assert.Equal(Enumerable.Range(0, count).Select(i => (i + round) * 10f), all.Select(v => v[0]));
                }

                Assert.Equal(shard == 0, ShardMeeting.Current!.IsFirst);
                Interlocked.Decrement(ref running);
            }, _ => Interlocked.Decrement(ref running), _ => Interlocked.Increment(ref running));
            Assert.Equal(from round in Enumerable.Range(0, 2)
                         from shard in Enumerable.Range(0, count)
                         select $"{shard}.{round}", order);
        }

        Assert.Null(ShardMeeting.Current);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void A_shard_that_fails_ends_all_and_the_next_run_is_whole(int failing)
    {
        using ShardMeeting meeting = new(3, values => values);
        DataException error = Assert.Throws<DataException>(() => meeting.Run(shard =>
        {
            ShardMeeting.Current!.Meet([shard]);
            if (shard == failing) throw new DataException("image 7");
            ShardMeeting.Current!.Meet([shard]);
        }, _ => { }, _ => { }));
        Assert.Equal("image 7", error.Message);

        int done = 0;
        meeting.Run(shard =>
        {
            ShardMeeting.Current!.Meet([shard]);
            done++;
        }, _ => { }, _ => { });
        Assert.Equal(3, done);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Shards_that_meet_unequally_often_are_a_defect(int odd)
    {
        using ShardMeeting meeting = new(3, values => values);
        Assert.Throws<InvalidOperationException>(() => meeting.Run(shard =>
        {
            ShardMeeting.Current!.Meet([shard]);
            if (shard != odd) ShardMeeting.Current!.Meet([shard]);
        }, _ => { }, _ => { }));
    }
}

using System.Text.Json;
using Fovea.Core.Timelines;

namespace Fovea.Core.Tests.Timelines;

public sealed class TimelineTests
{
    [Fact]
    public void Events_of_all_processes_have_their_tracks_and_the_first_begins_at_0()
    {
        Timeline timeline = new();
        using (timeline.Measure("compute", "before")) Thread.Sleep(1);
        timeline.IsOn = true;
        using (timeline.Measure("compute", "forward")) Thread.Sleep(5);
        using (timeline.Measure("network", "bucket 0")) Thread.Sleep(1);
        using (((Timeline?)null).Measure("compute", "nothing")) { }

        using JsonDocument json = JsonDocument.Parse(
            Timeline.Write([("rank 0", timeline.Events), ("rank 1", timeline.Events)]));

        JsonElement[] events = [.. json.RootElement.GetProperty("traceEvents").EnumerateArray()];
        JsonElement[] spans = [.. events.Where(entry => entry.GetProperty("ph").GetString() == "X")];
        Assert.Equal(["forward", "bucket 0", "forward", "bucket 0"],
            spans.Select(span => span.GetProperty("name").GetString()));
        Assert.Equal([(0, 0), (0, 1), (1, 0), (1, 1)],
            spans.Select(span => (span.GetProperty("pid").GetInt32(), span.GetProperty("tid").GetInt32())));
        Assert.Equal(0, spans.Min(span => span.GetProperty("ts").GetDouble()));
        Assert.All(spans.Where(span => span.GetProperty("tid").GetInt32() == 0),
            span => Assert.InRange(span.GetProperty("dur").GetDouble(), 4_000, 5_000_000));
        Assert.Equal(["rank 0", "compute", "network", "rank 1", "compute", "network"],
            events.Where(entry => entry.GetProperty("ph").GetString() == "M")
                .Select(entry => entry.GetProperty("args").GetProperty("name").GetString()));
    }
}

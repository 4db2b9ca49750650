using Fovea.Server.Metering;

namespace Fovea.Server.Tests.Metering;

public sealed class PrometheusTextTests
{
    [Fact]
    public void Counters_histograms_and_gauges_are_written_as_Prometheus_reads_them()
    {
        using ServerMetrics metrics = new();
        using PrometheusText text = new(metrics.Meter);
        metrics.Request("/v1/x", 200, TimeSpan.FromSeconds(0.02));
        metrics.Request("/v1/x", 200, TimeSpan.FromSeconds(0.3));
        metrics.Refused("a\"b\\c\nd");
        metrics.Observe("fovea.test", "A\nnumber", () => [("m", 7)]);
        string[] lines = text.Write().Split('\n');

        Assert.Contains("# TYPE fovea_requests_total counter", lines);
        Assert.Contains("""fovea_requests_total{endpoint="/v1/x",status="200"} 2""", lines);
        Assert.Contains("""fovea_request_seconds_bucket{endpoint="/v1/x",le="0.01"} 0""", lines);
        Assert.Contains("""fovea_request_seconds_bucket{endpoint="/v1/x",le="0.025"} 1""", lines);
        Assert.Contains("""fovea_request_seconds_bucket{endpoint="/v1/x",le="0.5"} 2""", lines);
        Assert.Contains("""fovea_request_seconds_bucket{endpoint="/v1/x",le="+Inf"} 2""", lines);
        Assert.Contains("""fovea_request_seconds_sum{endpoint="/v1/x"} 0.32""", lines);
        Assert.Contains("""fovea_request_seconds_count{endpoint="/v1/x"} 2""", lines);
        Assert.Contains("""fovea_refused_total{model="a\"b\\c\nd"} 1""", lines);
        Assert.Contains("# HELP fovea_test A\\nnumber", lines);
        Assert.Contains("""fovea_test{model="m"} 7""", lines);
        Assert.Equal("", lines[^1]);
    }

    [Fact]
    public async Task It_is_written_while_there_are_more_and_more_labels()
    {
        for (int round = 0; round < 300; round++)
        {
            using ServerMetrics metrics = new();
            using PrometheusText text = new(metrics.Meter);
            Task requests = Task.Run(() =>
            {
                for (int i = 0; i < 200; i++) metrics.Request($"/v1/{i}", 200, TimeSpan.Zero);
            }, TestContext.Current.CancellationToken);
            while (!requests.IsCompleted) _ = text.Write();
            await requests;
            Assert.Contains("/v1/199", text.Write(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Two_servers_of_a_process_do_not_mix()
    {
        using ServerMetrics one = new(), other = new();
        using PrometheusText text = new(one.Meter);
        other.Refused("m");
        Assert.DoesNotContain("fovea_refused_total{", text.Write());
    }
}

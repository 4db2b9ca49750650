using System.Text.Json;
using Fovea.Vision.Attention;

namespace Fovea.Cli.Tests.Commands;

public sealed class EstimateCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Json_has_every_model_with_every_mechanism_on_every_number_of_devices()
    {
        Assert.Equal(0, _shell.Run("estimate", "--model", "vit", "--model", "vit-nano", "--attention", "softmax",
            "--attention", "performer:16",
            "--device", "t4", "--devices", "1,4", "--schedule", "cifar10:10", "--json"));
        JsonElement[] estimates = [.. JsonDocument.Parse(_shell.Output).RootElement.GetProperty("estimates")
            .EnumerateArray()];
        Assert.Equal(["vit", "vit", "vit-nano", "vit-nano"],
            estimates.Select(one => one.GetProperty("model").GetString()));
        Assert.All(estimates, one => Assert.Equal([1, 4],
            one.GetProperty("times").EnumerateArray().Select(time => time.GetProperty("devices").GetInt32())));
        Assert.Equal(829_322, estimates[0].GetProperty("parameters").GetInt64());
    }

    [Fact]
    public void A_table_of_devices_can_be_copied_edited_and_used()
    {
        Assert.Equal(0, _shell.Run("estimate", "--list-devices"));
        string file = Path.Combine(_shell.Folder, "devices.yaml");
        File.WriteAllText(file, _shell.Output.Replace("name: t4,", "name: ours,", StringComparison.Ordinal));
        Assert.Equal(0, _shell.Run("estimate", "--devices-file", file, "--device", "ours"));
        Assert.Contains("1 x ours", _shell.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void This_machine_is_measured()
    {
        Assert.Equal(0, _shell.Run("estimate", "--model", "vit-nano", "--seconds", "0.2", "--schedule", "1000:1",
            "--json"));
        JsonElement estimate = JsonDocument.Parse(_shell.Output).RootElement.GetProperty("estimates")[0];
        Assert.Equal("this", estimate.GetProperty("device").GetString());
        Assert.True(estimate.GetProperty("times")[0].GetProperty("hours").GetDouble() > 0);
    }

    [Theory]
    [InlineData("h10", "h100")]
    [InlineData("a100", "a100-80gb")]
    [InlineData("rtx4091", "rtx4090")]
    public void An_unknown_device_is_told_the_nearest(string device, string nearest)
    {
        Assert.Equal(2, _shell.Run("estimate", "--device", device));
        Assert.Contains($"did you mean '{nearest}'?", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mechanism_can_be_asked_for_at_once_and_blocks_be_computed_again()
    {
        string[] line = ["estimate", "--model", "vit-nano", "--attention", "all", "--device", "t4", "--json"];
        JsonElement[] plain = Ask(line), again = Ask([.. line, "--grad-checkpoint"]);
        Assert.Equal(AttentionCatalogue.All.Select(entry => entry.Name),
            plain.Select(one => one.GetProperty("attention").GetString()));
        Assert.All(plain.Zip(again),
            two => Assert.True(two.Second.GetProperty("training_gflops")
                .GetDouble() > 1.2 * two.First.GetProperty("training_gflops").GetDouble()));
        Assert.All(plain, one => Assert.Equal(one.GetProperty("forward_gflops").GetDouble(),
            2 * one.GetProperty("forward_gmacs").GetDouble(), 9));
        Assert.Equal(2, _shell.Run("estimate", "--model", "resnet18", "--device", "t4", "--grad-checkpoint"));
        Assert.Contains("cannot compute its blocks again", _shell.Error, StringComparison.Ordinal);

        JsonElement[] Ask(string[] words)
        {
            Assert.True(_shell.Run(words) == 0, _shell.Error);
            return [.. JsonDocument.Parse(_shell.Output).RootElement.GetProperty("estimates").EnumerateArray()];
        }
    }
}

using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

public sealed class EstimateCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Json_has_every_model_with_every_mechanism_on_every_number_of_devices()
    {
        Assert.Equal(0, _shell.Run("estimate", "--model", "vit", "--model", "vit-nano", "--attention", "softmax", "--attention", "performer:16",
            "--device", "t4", "--devices", "1,4", "--schedule", "cifar10:10", "--json"));
        JsonElement[] estimates = [.. JsonDocument.Parse(_shell.Output).RootElement.GetProperty("estimates").EnumerateArray()];
        Assert.Equal(["vit", "vit", "vit-nano", "vit-nano"], estimates.Select(one => one.GetProperty("model").GetString()));
        Assert.All(estimates, one => Assert.Equal([1, 4], one.GetProperty("times").EnumerateArray().Select(time => time.GetProperty("devices").GetInt32())));
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
        Assert.Equal(0, _shell.Run("estimate", "--model", "vit-nano", "--seconds", "0.2", "--schedule", "1000:1", "--json"));
        JsonElement estimate = JsonDocument.Parse(_shell.Output).RootElement.GetProperty("estimates")[0];
        Assert.Equal("this", estimate.GetProperty("device").GetString());
        Assert.True(estimate.GetProperty("times")[0].GetProperty("hours").GetDouble() > 0);
    }

    [Fact]
    public void An_unknown_device_is_told_the_nearest()
    {
        Assert.Equal(2, _shell.Run("estimate", "--device", "h10"));
        Assert.Contains("did you mean 'h100'?", _shell.Error, StringComparison.Ordinal);
    }
}

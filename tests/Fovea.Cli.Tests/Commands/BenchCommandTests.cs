using System.Text.Json;

namespace Fovea.Cli.Tests.Commands;

public sealed class BenchCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("train")]
    [InlineData("infer")]
    public void Json_has_the_promised_members(string mode)
    {
        Assert.Equal(0, _shell.Run("bench", "--model", "vit-nano", "--image_size", "8", "--mode", mode, "--batch_size",
            "2", "--threads", "1", "--steps", "2", "--json"));
        JsonElement result = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.Equal((mode, 2, 1),
            (result.GetProperty("mode").GetString(), result.GetProperty("batch_size").GetInt32(),
                result.GetProperty("threads").GetInt32()));
        AssertMeasured(result);
    }

    [Fact]
    public void A_residual_network_is_measured_too()
    {
        Assert.Equal(0, _shell.Run("bench", "--model", "resnet18", "--image-size", "32", "--batch-size", "1",
            "--threads", "1", "--steps", "1", "--mode", "infer", "--json"));
        AssertMeasured(JsonDocument.Parse(_shell.Output).RootElement);
    }

    [Theory]
    [InlineData("dinov2_vits14_reg", "28", "train")]   // has no head of its own
    [InlineData("dinov2_vits14_reg", "28", "infer")]
    [InlineData("cct_2_3x2", "16", "train")]
    public void Models_without_a_head_and_of_other_parts_are_measured(string model, string imageSize, string mode)
    {
        Assert.Equal(0, _shell.Run("bench", "--model", model, "--image-size", imageSize, "--batch-size", "2",
            "--threads", "1", "--steps", "1", "--mode", mode, "--json"));
        AssertMeasured(JsonDocument.Parse(_shell.Output).RootElement);
    }

    private static void AssertMeasured(JsonElement result) =>
        Assert.All(["images_per_second", "gflops_per_second", "peak_fraction", "peak_memory_bytes"],
            (string name) => Assert.True(result.GetProperty(name).GetDouble() > 0, name));
}

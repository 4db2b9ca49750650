using System.Text.Json;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;

namespace Fovea.Cli.Tests.Commands;

public sealed class ModelsCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Json_lists_every_preset_with_its_parameters_and_every_attention()
    {
        Assert.Equal(0, _shell.Run("models", "--json"));
        JsonElement root = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.Equal(Presets.All.Select(preset => preset.Name),
            root.GetProperty("models").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()));
        Assert.Equal(829_322, root.GetProperty("models").EnumerateArray().Single(entry =>
            entry.GetProperty("name").GetString() == "vit").GetProperty("parameters").GetInt64());
        Assert.Equal(AttentionCatalogue.All.Count, root.GetProperty("attention").GetArrayLength());
    }

    [Fact]
    public void The_table_names_every_preset()
    {
        Assert.Equal(0, _shell.Run("models"));
        Assert.All(Presets.All, preset => Assert.Contains(preset.Name, _shell.Output, StringComparison.Ordinal));
    }
}

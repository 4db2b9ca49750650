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
    public void A_model_is_shown_part_by_part_and_options_change_it()
    {
        Assert.Equal(0, _shell.Run("models", "show", "vit", "--json"));
        JsonElement plain = JsonDocument.Parse(_shell.Output).RootElement;
        Assert.Equal(829_322, plain.GetProperty("parameters").GetInt64());
        Assert.Equal(829_322, plain.GetProperty("parts").EnumerateArray()
            .Sum(part => part.GetProperty("parameters").GetInt64()));
        Assert.Equal("learned", plain.GetProperty("options").GetProperty("position").GetString());

        Assert.Equal(0, _shell.Run("models", "show", "vit", "--dim", "96", "--depth", "3", "--heads", "4", "--mlp",
            "swiglu", "--norm", "rmsnorm", "--qk-norm", "--registers", "2", "--pooling", "map", "--position",
            "rope+relative", "--layer-scale", "1e-5", "--mlp-ratio", "2", "--num-classes", "7", "--json"));
        JsonElement changed = JsonDocument.Parse(_shell.Output).RootElement;
        Dictionary<string, string> shapes = changed.GetProperty("parts").EnumerateArray().ToDictionary(
            part => part.GetProperty("name").GetString()!, part => part.GetProperty("shape").GetString()!);
        Assert.Equal("[24]", shapes["blocks.2.attn.q_norm.weight"]);
        Assert.Equal("[964, 4]", shapes["blocks.0.attn.relative_position_bias_table"]);   // 31 · 31 + 3
        Assert.Equal("[384, 96]", shapes["blocks.0.mlp.fc1.weight"]);
        Assert.Equal("[96]", shapes["blocks.1.ls2.gamma"]);
        Assert.Equal("[1, 2, 96]", shapes["reg_token"]);
        Assert.Equal("[1, 1, 96]", shapes["attn_pool.latent"]);
        Assert.Equal("[7, 96]", shapes["head.weight"]);
        Assert.DoesNotContain("pos_embed", shapes.Keys);
        Assert.DoesNotContain("norm.bias", shapes.Keys);
        Assert.DoesNotContain("blocks.3.norm1.weight", shapes.Keys);
    }

    [Fact]
    public void Blocks_alike_are_one_row()
    {
        Assert.Equal(0, _shell.Run("models", "show", "vit", "--attention", "softmax,softmax,linear"));
        Assert.Contains("blocks.0-3.attn.qkv.weight", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("196,608", _shell.Output, StringComparison.Ordinal);   // 4 · 3 · 128 · 128
        Assert.Equal(0, _shell.Run("models", "show", "swin_tiny_patch4_window7_224"));
        Assert.Contains("layers.2.blocks.0-5.attn.qkv.weight", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("28,288,354", _shell.Output, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run("models", "show", "resnet18"));
        Assert.Contains("layer1.0.conv1.weight", _shell.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--dim=130", "--heads: 8 do not divide --dim 130; take 5 or 10, or give --head-dim.")]
    [InlineData("--position=rope+learned+alibi", "at most two")]
    [InlineData("--position=ropes", "did you mean 'rope'?")]
    [InlineData("--heads=64", "a multiple of 4 elements, got 2")]
    [InlineData("--depth=0", "--depth")]
    [InlineData("--dim=1000000", "--mlp-ratio: the MLP of tokens of 1000000 elements has 0 to 1048576 hidden elements")]
    [InlineData("--dim=-8", "--dim")]
    [InlineData("--dim=99999999", "--dim")]
    [InlineData("--mlp-ratio=nan", "--mlp-ratio")]
    [InlineData("--registers=-1", "--registers")]
    [InlineData("--position=rope+ropemixed", "take one")]
    public void What_makes_no_sense_is_refused_by_a_sentence(string option, string sentence)
    {
        string[] rope = option.StartsWith("--heads", StringComparison.Ordinal) ? ["--position=rope"] : [];
        Assert.Equal(2, _shell.Run(["models", "show", "vit", option, .. rope]));
        Assert.Contains(sentence, _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_residual_network_has_none_of_these_parts()
    {
        Assert.Equal(2, _shell.Run("models", "show", "resnet18", "--qk-norm"));
        Assert.Contains("--qk-norm: a residual network has none.", _shell.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--depth=12", "--depth: a Swin Transformer has stages of 2, 2, 2 blocks.")]
    [InlineData("--registers=2", "--registers: a Swin Transformer has no token that is not a patch.")]
    [InlineData("--pooling=token", "--pooling: a Swin Transformer takes the mean of the patches.")]
    [InlineData("--position=learned", "--position: a Swin Transformer adds no positions to its tokens")]
    [InlineData("--embedding=convolution", "--embedding: a Swin Transformer has none.")]
    [InlineData("--position=alibi", "--position: attention 'swin:4' does not go with it")]
    [InlineData("--heads=5", "--heads: 5 do not divide")]
    [InlineData("--patch-size=5", "--patch-size: patches of 5 pixels do not divide")]
    public void A_model_of_stages_refuses_what_it_cannot_be(string option, string sentence)
    {
        Assert.Equal(2, _shell.Run("models", "show", "swin-nano", option));
        Assert.Contains(sentence, _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_table_names_every_preset()
    {
        Assert.Equal(0, _shell.Run("models"));
        Assert.All(Presets.All, preset => Assert.Contains(preset.Name, _shell.Output, StringComparison.Ordinal));
    }
}

using Fovea.Training.Pretrained;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Models;
using FsCheck.Fluent;

namespace Fovea.Training.Tests.Pretrained;

[Collection("Published weights")]
public sealed class WeightsListTests
{
    private const string Mine = """
        weights:
          - name: mine
            preset: vit-nano
            address: https://example.org/files/mine.safetensors
            bytes: 1234
            licence: cc0-1.0
            mean: 0.5
            std: [0.25, 0.5, 0.75]
            crop-pct: 0.9
            interpolation: bicubic
        """;

    public static TheoryData<string> Names => [.. WeightsList.BuiltIn.All.Select(entry => entry.Name)];

    /// <summary>The counts of the list are by the formulas of the papers, not by these models.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void An_entry_is_whole_and_its_model_has_as_many_parameters(string name)
    {
        ListedWeights entry = WeightsList.BuiltIn.Require(name);
        ModelConfig preset = Presets.Find(entry.Preset).Config;
        ModelConfig config = preset with
        {
            Classes = entry.Classes!.Value,
            ImageSize = entry.ImageSize ?? preset.ImageSize,
        };
        Assert.Equal(entry.Parameters, config.Build().ParameterCount);
        Assert.Equal("https", entry.Address.Scheme);
        Assert.Contains(Path.GetExtension(entry.FileName), (string[])[".safetensors", ".pth", ".bin", ".npz"]);
        Assert.NotEqual("not known", entry.Licence);
        Assert.True(entry is { Mean: not null, Std: not null, CropShare: not null, Interpolation: not null });
        Assert.Equal("weights.yaml", entry.List);
        if (entry.Sha256 is { Length: 64 } sum && entry.FileName.LastIndexOf('-') is >= 0 and var dash
            && Path.GetFileNameWithoutExtension(entry.FileName)[(dash + 1)..] is { Length: 8 } digits)
            Assert.StartsWith(digits, sum, StringComparison.Ordinal);
    }

    /// <summary>num_params of torchvision's weights.</summary>
    [Theory]
    [InlineData("ViT_B_16_Weights.IMAGENET1K_V1", 86_567_656)]
    [InlineData("ViT_B_16_Weights.IMAGENET1K_SWAG_E2E_V1", 86_859_496)]
    [InlineData("ViT_B_32_Weights.IMAGENET1K_V1", 88_224_232)]
    [InlineData("ViT_L_16_Weights.IMAGENET1K_SWAG_E2E_V1", 305_174_504)]
    [InlineData("ViT_L_32_Weights.IMAGENET1K_V1", 306_535_400)]
    [InlineData("ViT_H_14_Weights.IMAGENET1K_SWAG_E2E_V1", 633_470_440)]
    [InlineData("ViT_H_14_Weights.IMAGENET1K_SWAG_LINEAR_V1", 632_045_800)]
    [InlineData("ResNet50_Weights.IMAGENET1K_V2", 25_557_032)]
    public void Counts_are_those_that_the_publisher_says(string alias, long parameters) =>
        Assert.Equal(parameters, WeightsList.BuiltIn.Require(alias).Parameters);

    [Fact]
    public void A_models_name_stands_for_its_first_weights()
    {
        Assert.Equal("vit_base_patch16_224.augreg2_in21k_ft_in1k",
            WeightsList.BuiltIn.Require("vit_base_patch16_224").Name);
        Assert.Equal("resnet50.tv2_in1k", WeightsList.BuiltIn.Require("resnet50").Name);
        Assert.Equal("dinov2_vits14.original", WeightsList.BuiltIn.Require("vit_small_patch14_dinov2").Name);
        Assert.Contains("did you mean 'resnet50'?",
            Assert.Throws<UsageException>(() => WeightsList.BuiltIn.Require("resnet5O")).Message,
            StringComparison.Ordinal);
        Assert.Null(WeightsList.BuiltIn.Find("vit-nano"));
    }

    [Fact]
    public void A_list_of_ones_own_adds_and_changes()
    {
        WeightsList list = WeightsList.BuiltIn.With(Mine + """

              - name: resnet18.tv_in1k
                licence: mine
              - name: resnet34.a1_in1k
                first: true
              - name: resnet34.tv_in1k
                address: http://example.org/other.pth
            """, "my.yaml");
        Assert.Equal(WeightsList.BuiltIn.All.Count + 1, list.All.Count);
        ListedWeights mine = list.Require("MINE"), changed = list.Require("resnet18");
        Assert.Equal(("mine.safetensors", 1234, (0.25, 0.5, 0.75), "my.yaml"),
            (mine.FileName, mine.Bytes, mine.Std!.Value, mine.List));
        Assert.Equal(("mine", 46_830_571L), (changed.Licence, changed.Bytes));
        Assert.Equal("resnet34.a1_in1k", list.Require("resnet34").Name);
        Assert.Equal((null, "other.pth"), (list.Require("resnet34.tv_in1k").Sha256,
            list.Require("resnet34.tv_in1k").FileName));
    }

    [Fact]
    public void Mirrors_take_the_place_of_addresses()
    {
        WeightsList list = WeightsList.BuiltIn.With("""
            mirrors:
              https://download.pytorch.org/models: http://127.0.0.1:1/torch
            """, "my.yaml");
        Assert.Equal("http://127.0.0.1:1/torch/resnet18-f37072fd.pth",
            list.PlaceOf(list.Require("resnet18")).AbsoluteUri);
        ListedWeights other = list.Require("vit_tiny_patch16_224");
        Assert.Equal(other.Address, list.PlaceOf(other));
    }

    [Fact]
    public void Variables_name_mirrors_too()
    {
        WeightsList list = WeightsList.BuiltIn;
        ListedWeights hub = list.Require("vit_tiny_patch16_224"), torch = list.Require("resnet18");
        try
        {
            Environment.SetEnvironmentVariable("HF_ENDPOINT", "http://127.0.0.1:1/hf/");
            Assert.Equal("http://127.0.0.1:1/hf" + hub.Address.AbsolutePath, list.PlaceOf(hub).AbsoluteUri);
            Assert.Equal(torch.Address, list.PlaceOf(torch));
            Environment.SetEnvironmentVariable("FOVEA_MIRROR", "http://127.0.0.1:1/all");
            Assert.Equal("http://127.0.0.1:1/all/huggingface.co" + hub.Address.AbsolutePath,
                list.PlaceOf(hub).AbsoluteUri);
            Assert.Equal("http://127.0.0.1:1/all/download.pytorch.org/models/resnet18-f37072fd.pth",
                list.PlaceOf(torch).AbsoluteUri);
            Environment.SetEnvironmentVariable("FOVEA_MIRROR", "here");
            Assert.Contains("FOVEA_MIRROR is 'here'",
                Assert.Throws<UsageException>(() => list.PlaceOf(torch)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("HF_ENDPOINT", null);
            Environment.SetEnvironmentVariable("FOVEA_MIRROR", null);
        }
    }

    [Theory]
    [InlineData("weights:\n  - preset: vit", "line 2: the entry has no 'name'")]
    [InlineData("weights:\n  - name: a", "'a' is new and has no 'preset'")]
    [InlineData("weights:\n  - name: a\n    preset: vit", "'a' is new and has no 'address'")]
    [InlineData("weights:\n  - name: ../a", "line 2: name: '../a' is no name")]
    [InlineData("weights:\n  - name: a.", "is no name")]
    [InlineData("weights:\n  - name: a\n    preset: vitt\n    address: https://x/y",
        "line 3: preset: there is no model called 'vitt'")]
    [InlineData("weights:\n  - name: a\n    preset: vit\n    address: ftp://x/y", "line 4: address: 'ftp://x/y'")]
    [InlineData("weights:\n  - name: a\n    preset: vit\n    address: https://x/..%2f..%2fy", "is no name")]
    [InlineData("weights:\n  - name: a\n    preset: vit\n    address: https://x/", "is no name")]
    [InlineData("weights:\n  - name: resnet18.tv_in1k\n    sha256: 12", "is no SHA-256")]
    [InlineData("weights:\n  - name: resnet18.tv_in1k\n    bytes: -1", "not a whole number")]
    [InlineData("weights:\n  - name: resnet18.tv_in1k\n    lisence: x", "did you mean 'licence'?")]
    [InlineData("weights:\n  - name: resnet18.tv_in1k\n    mean: 1,2", "line 3: mean")]
    [InlineData("weights:\n  - name: resnet18.tv_in1k\n    bytes: 1\n    bytes: 2", "line 4: bytes: is given twice")]
    [InlineData("weights:\n  - name: resnet18.tv_in1k\n  - name: resnet18.tv_in1k", "is in the list twice")]
    [InlineData("weight:\n  - name: a", "there are weights and mirrors")]
    [InlineData("weights: a", "line 1")]
    [InlineData("- a", "line 1")]
    [InlineData("mirrors:\n  here: there", "line 2: mirrors")]
    [InlineData("weights:\n  - name: a\n    preset: {a: b}", "line 3")]
    public void What_is_wrong_in_a_list_is_said_with_its_line(string yaml, string words)
    {
        string message = Assert.Throws<UsageException>(() => WeightsList.BuiltIn.With(yaml, "my.yaml")).Message;
        Assert.StartsWith("my.yaml, line ", message, StringComparison.Ordinal);
        Assert.Contains(words, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_a_list_holds_is_read_or_refused_by_a_sentence()
    {
        string[] words = ["weights:", "mirrors:", "\n", "\n  - ", "\n    ", "name: ", "a", "preset: ", "vit",
            "address: ",
            "https://x/y", "bytes: ", "9", "sha256: ", "\"", "{", "]", "&a", "*a", "\t", "!!", "|", ": ", "mean: 1"];
        Prop.ForAll(Gen.Elements(words).ArrayOf().ToArbitrary(), parts =>
        {
            try
            {
                _ = WeightsList.BuiltIn.With(string.Concat(parts), "x");
            }
            catch (UsageException)
            {
                // a sentence
            }
        }).Hold();
    }

    [Fact]
    public void Recipes_read_the_flag_of_old_runs_and_names()
    {
        RecipeField field = RecipeFields.Find("pretrained")!;
        Assert.Null(field.Write(Recipe.Default, "false", "").Model.Pretrained);
        Assert.Equal(ModelSection.OwnWeights, field.Write(Recipe.Default, "True", "").Model.Pretrained);
        Assert.Equal("true", field.Read(field.Write(Recipe.Default, "true", "")));
        Assert.Equal("false", field.Read(Recipe.Default));
        Assert.Equal("resnet18", field.Read(field.Write(Recipe.Default, "resnet18", "")));
    }

    [Fact]
    public void A_name_brings_its_model_and_its_view_of_images_unless_the_recipe_has_its_own()
    {
        Recipe named = PretrainedWeights.Resolve(Recipe.Default with
        {
            Model = new() { Pretrained = "vit_base_patch16_384.augreg_in21k_ft_in1k" },
            Data = new() { CropShare = 0.5 },
        });
        Assert.Equal(("vit_base_patch16_224", 384, "vit_base_patch16_384.augreg_in21k_ft_in1k"),
            (named.Model.Name, named.Model.ImageSize!.Value, named.Model.Weights!));
        Assert.Equal((0.5, 0.5, 0.5), named.Data.Mean);
        Assert.Equal(0.5, named.Data.CropShare);
        Assert.Equal(named, PretrainedWeights.Resolve(named));
        UsageException error = Assert.Throws<UsageException>(() => PretrainedWeights.Resolve(
            Recipe.Default with { Model = new() { Pretrained = "resnet5O" } }));
        Assert.Equal("pretrained", error.Field);
        Assert.Contains("did you mean 'resnet50'?", error.Message, StringComparison.Ordinal);
    }
}

using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Support;
using Fovea.Vision.Tests.Weights.Support;
using Fovea.Vision.Weights.Loading;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights.Naming;

/// <summary>Files of DINOv3, SigLIP and MAE under their own names.</summary>
public sealed class RecentModelsTests
{
    /// <summary>The names of facebookresearch's dinov3: one bias for queries, keys and values, of which that of the
    /// keys is masked, three matrices of an MLP with a gate, and tables.</summary>
    [Theory]
    [InlineData("dinov3_vits16")]
    [InlineData("dinov3_vits16plus")]
    public void Metas_names_are_read(string preset)
    {
        VisionTransformer model = Create(preset);
        using WeightsInMemory file = WeightsInMemory.Of(model, weight => Rename(model, weight), [.. Tables(model),
            WeightsInMemory.Tensor("mask_token", new float[16])]);
        StateDict weights = StateDict.Of(file);
        Assert.Equal(NamingSchemes.DinoV3, weights.Scheme);
        Assert.Equal(4, weights.LeftAside.Count);
        Load(model, weights);
    }

    [Theory]
    [InlineData("rope_embed.periods", "has other periods than positions 'rope'")]
    [InlineData("blocks.1.attn.qkv.bias_mask", "masks something else than the bias of the keys")]
    public void Tables_that_say_something_else_are_refused(string table, string sentence)
    {
        VisionTransformer model = Create("dinov3_vits16");
        using WeightsInMemory file = WeightsInMemory.Of(model, weight => Rename(model, weight),
            [.. Tables(model).Select(weight =>
            weight.Name == table ? WeightsInMemory.Tensor(table, new float[48]) : weight)]);
        Assert.Contains(sentence, Assert.Throws<CheckpointException>(() => StateDict.Of(file)).Message,
            StringComparison.Ordinal);
    }

    /// <summary>The names of timm's Eva class.</summary>
    [Theory]
    [InlineData("dinov3_vits16")]
    [InlineData("dinov3_vits16plus")]
    [InlineData("vit_small_plus_patch16_dinov3")]
    public void Timms_names_are_read(string preset)
    {
        VisionTransformer model = Create(preset);
        using WeightsInMemory file = WeightsInMemory.Of(model, weight =>
            weight.Name.Contains(".mlp.fc1.") && model.Config.GatedMlp
                ? Cut(weight, 2, weight.Name.Replace("fc1", "fc1_g"), weight.Name.Replace("fc1", "fc1_x"))
                : [weight with { Name = weight.Name.Replace("ls1.gamma", "gamma_1").Replace("ls2.gamma", "gamma_2") }],
            WeightsInMemory.Tensor("rope.periods", 1));
        StateDict weights = StateDict.Of(file);
        Assert.Equal(NamingSchemes.Eva, weights.Scheme);
        Load(model, weights);
    }

    [Fact]
    public void A_gate_without_what_it_gates_is_refused()
    {
        VisionTransformer model = Create("dinov3_vits16plus");
        using WeightsInMemory file = WeightsInMemory.Of(model, weight => weight.Name == "blocks.0.mlp.fc1.weight"
            ? Cut(weight, 2, "blocks.0.mlp.fc1_g.weight", "other") : [weight]);
        Assert.Equal("memory: 'blocks.0.mlp.fc1.weight' needs a gate and what it gates, of which one is missing.",
            Assert.Throws<CheckpointException>(() => StateDict.Of(file)).Message);
    }

    /// <summary>transformers' SiglipVisionModel, whose pooling has one matrix for query, keys and values.</summary>
    [Theory]
    [InlineData("vision_model.")]
    [InlineData("")]
    public void Transformers_names_of_SigLIP_are_read(string tower)
    {
        VisionTransformer model = Create("vit_base_patch16_siglip_224");
        Dictionary<string, Weight> own = model.NamedState()
            .ToDictionary(entry => entry.Name, entry => Weight.Of(entry.Name, entry.Tensor.Value));
        using WeightsInMemory file = WeightsInMemory.Of(model, Renamed,
            Weight.Concatenate($"{tower}head.attention.in_proj_weight",
                [own["attn_pool.q.weight"], own["attn_pool.kv.weight"]]),
            Weight.Concatenate($"{tower}head.attention.in_proj_bias",
                [own["attn_pool.q.bias"], own["attn_pool.kv.bias"]]),
            WeightsInMemory.Tensor("logit_scale", 1), WeightsInMemory.Tensor("text_model.head.bias", 1));
        StateDict weights = StateDict.Of(file);
        Assert.Equal(NamingSchemes.Siglip, weights.Scheme);
        Assert.Equal(["logit_scale", "text_model.head.bias"], weights.LeftAside);
        Load(model, weights);

        IEnumerable<Weight> Renamed(Weight weight)
        {
            string[] parts = weight.Name.Split('.');
            string leaf = parts[^1], layer = parts[0] == "blocks" ? $"{tower}encoder.layers.{parts[1]}." : "";
            return parts switch
            {
                ["patch_embed", ..] => One($"{tower}embeddings.patch_embedding.{leaf}"),
                ["pos_embed"] => [weight with
                {
                    Name = $"{tower}embeddings.position_embedding.weight",
                    Shape = [weight.Shape[1], weight.Shape[2]],
                }],
                ["norm", ..] => One($"{tower}post_layernorm.{leaf}"),
                ["attn_pool", "latent"] => One($"{tower}head.probe"),
                ["attn_pool", "q" or "kv", ..] => [],
                ["attn_pool", "proj", ..] => One($"{tower}head.attention.out_proj.{leaf}"),
                ["attn_pool", "norm", ..] => One($"{tower}head.layernorm.{leaf}"),
                ["attn_pool", "mlp", var fc, ..] => One($"{tower}head.mlp.{fc}.{leaf}"),
                [_, _, "attn", "qkv", ..] => Cut(weight, 3, [.. "qkv".Select(part =>
                    $"{layer}self_attn.{part}_proj.{leaf}")]),
                [_, _, "attn", "proj", ..] => One($"{layer}self_attn.out_proj.{leaf}"),
                [_, _, "mlp", var fc, ..] => One($"{layer}mlp.{fc}.{leaf}"),
                _ => One($"{layer}layer_norm{parts[2][^1]}.{leaf}"),
            };

            Weight[] One(string name) => [weight with { Name = name }];
        }
    }

    /// <summary>MAE's fine-tuned models: the mean of the patches, normed behind it.</summary>
    [Fact]
    public void A_file_with_fc_norm_asks_for_the_mean()
    {
        VisionTransformerConfig config = Shrunk("vit_base_patch16_224") with { Classes = 3 };
        VisionTransformer model = (config with { Pooling = Pooling.Mean }).Build();
        model.Initialize(Device.Cpu, 1);
        _ = new DoubleModel(model);
        using WeightsInMemory file = WeightsInMemory.Of(model, weight => [weight]);
        Load(model, StateDict.Of(file));
        CheckpointException refused = Assert.Throws<CheckpointException>(() => LoadPlan.Create(config.Build(),
            StateDict.Of(file), file.Path, Device.Cpu, partial: PartialWeights.Refuse));
        Assert.StartsWith("Its last norm follows the mean of the patches ('fc_norm'): use `pooling` mean. ",
            refused.Remedy, StringComparison.Ordinal);
    }

    private static VisionTransformerConfig Shrunk(string preset) =>
        Assert.IsType<VisionTransformerConfig>(Presets.Find(preset).Config) with
        {
            ImageSize = 32,
            Dim = 16,
            Depth = 2,
            Heads = 2,
            MlpDim = 24,
        };

    private static VisionTransformer Create(string preset)
    {
        VisionTransformer model = Shrunk(preset).Build();
        model.Initialize(Device.Cpu, 1);
        _ = new DoubleModel(model);
        return model;
    }

    private static Weight[] Rename(VisionTransformer model, Weight weight)
    {
        bool isGated = model.Config.GatedMlp;
        (string Name, NamedTensor Tensor)[] own = [.. model.NamedState()];
        string name = weight.Name;
        if (name.EndsWith("q_bias", StringComparison.Ordinal))
        {
            // a bias of the keys that the mask takes away
            string block = name[..^".q_bias".Length];
            Weight keys = Weight.Of("", WeightType.F32, weight.Shape, [.. Enumerable.Repeat(7f, (int)weight.Count)]),
                values = Weight.Of("", own.First(entry => entry.Name == $"{block}.v_bias").Tensor.Value);
            return [Weight.Concatenate($"{block}.qkv.bias", [weight, keys, values])];
        }

        if (name.EndsWith("v_bias", StringComparison.Ordinal)) return [];
        if (isGated && name.Contains(".fc1."))
            return Cut(weight, 2, name.Replace("fc1", "w1"), name.Replace("fc1", "w2"));
        if (isGated) name = name.Replace("fc2", "w3");
        return [weight with { Name = name.Replace("reg_token", "storage_tokens") }];
    }

    private static IEnumerable<Weight> Tables(VisionTransformer model)
    {
        int quarter = model.Config.Dim / model.Config.Heads / 4;
        yield return WeightsInMemory.Tensor("rope_embed.periods",
            [.. Enumerable.Range(0, quarter).Select(i => (float)Math.Pow(100, (double)i / quarter))]);
        for (int block = 0; block < model.Config.Depth; block++)
            yield return WeightsInMemory.Tensor($"blocks.{block}.attn.qkv.bias_mask",
                [.. Enumerable.Range(0, 48).Select(i => i / 16 == 1 ? 0f : 1)]);
    }

    private static Weight[] Cut(Weight weight, int parts, params string[] names) => [.. names.Select((name, i) =>
        weight.Window(i * weight.Count / parts,
            [weight.Shape[0] / parts, .. weight.Shape.Skip(1)]) with { Name = name })];

    private static void Load(VisionTransformer model, StateDict weights)
    {
        VisionTransformer again = model.Config.Build();
        LoadPlan.Create(again, weights, "memory", Device.Cpu, strict: true).Initialize(again, Device.Cpu, 9);
        Assert.All(model.NamedState().Zip(again.NamedState()), pair =>
            Assert.Equal(pair.First.Tensor.Value.ToArray(), pair.Second.Tensor.Value.ToArray()));
    }
}

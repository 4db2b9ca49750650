using System.Globalization;
using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;
using Fovea.Vision.Attention;
using Fovea.Vision.Attention.Contract;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Tests.Support;
using Fovea.Vision.Tokens;

namespace Fovea.Vision.Tests.Attention;

/// <summary>Sinkhorn, disentangled and locality-aware attention against recorded results of their reference
/// code.</summary>
[Trait("Category", "Golden")]
public sealed class AttentionGoldenTests
{
    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Sinkhorn_attention_agrees_for_all_iterations_and_temperatures(string deviceName)
    {
        Golden golden = Golden.Load("sinkhorn-attention");
        Device device = TestDevice.Named(deviceName);
        (int dim, int heads, int headDim) = (golden.Integer("dim"), golden.Integer("heads"),
            golden.Integer("dim_head"));
        AttentionContext context = new()
        {
            Dim = dim,
            Heads = heads,
            HeadDim = headDim,
            Grid = new(0, 1, golden.Integer("tokens"))
        };
        foreach (string run in golden.Config.GetProperty("runs").EnumerateArray().Select(run => run.GetString()!))
        {
            string[] parts = run.Split('_');   // it5_eps0.5
            int iterations = int.Parse(parts[0][2..], CultureInfo.InvariantCulture);
            SinkhornAttention attention = new(context, iterations,
                double.Parse(parts[1][3..], CultureInfo.InvariantCulture));
            using StepScope scope = StepScope.Begin();
            Layer layer = new(golden, device, attention, context.Grid, "to_qkv", "to_out.0", dim, heads * headDim);
            (Tensor output, Tensor input) = layer.Run(golden["input"], golden["cotangent"]);

            golden.Compare($"{run}.output", output);
            golden.Compare($"{run}.grad.input", input.Gradient, "grad");
            layer.CompareGradients($"{run}.grad.");
            golden.Compare($"{run}.attn", attention.Probabilities(layer.Input(input)));
        }
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void A_whole_sinkformer_agrees(string deviceName)
    {
        Golden golden = Golden.Load("sinkformer-vit");
        Device device = TestDevice.Named(deviceName);
        double epsilon = golden.Config.GetProperty("eps").GetDouble();
        VisionTransformer model = new VisionTransformerConfig
        {
            ImageSize = golden.Integer("image_size"),
            PatchSize = golden.Integer("patch_size"),
            Classes = golden.Integer("num_classes"),
            Dim = golden.Integer("dim"),
            Depth = golden.Integer("depth"),
            Heads = golden.Integer("heads"),
            HeadDim = golden.Integer("dim_head"),
            MlpDim = golden.Integer("mlp_dim"),
            QkvBias = false,
            NormEpsilon = golden.Config.GetProperty("layer_norm_eps").GetSingle(),
            Pooling = golden.Config.GetProperty("pool").GetString() == "mean" ? Pooling.Mean : Pooling.ClassToken,
            Attention = FormattableString.Invariant(
                $"sinkhorn:iterations={golden.Integer("max_iter")},epsilon={epsilon}"),
        }.Build();
        using StepScope scope = StepScope.Begin();
        model.Allocate(device);
        model.Load(Renamed(golden));
        model.Train(false);

        using AttentionRecorder recorder = new();
        golden.Compare("logits", model.Forward(golden["input"].ToTensor(device), recorder));
        for (int i = 0; i < recorder.Maps.Count; i++) golden.Compare($"attn{i}", recorder.Maps[i]);
    }

    [Theory]
    [InlineData("disentangled-attention", "reference")]
    [InlineData("disentangled-attention", "cpu")]
    [InlineData("disentangled-attention-logbuckets", "reference")]
    [InlineData("disentangled-attention-logbuckets", "cpu")]
    public void Disentangled_attention_agrees(string caseName, string deviceName)
    {
        Golden golden = Golden.Load(caseName);
        Device device = TestDevice.Named(deviceName);
        (int dim, int heads, int tokens, int span) = (golden.Integer("d_model"), golden.Integer("nhead"),
            golden.Integer("tokens"), golden.Integer("att_span"));
        string terms = golden.Config.GetProperty("pos_att_type").GetString()!;
        DisentangledAttention attention = new(
            new() { Dim = dim, Heads = heads, HeadDim = dim / heads, Grid = new(0, 1, tokens) },
            new()
            {
                Axes = 1,
                Span = span,
                Farthest = golden.Integer("position_buckets") > 0 ? golden.Integer("max_relative_positions") : null,
                ContentToPosition = terms.Contains("c2p", StringComparison.Ordinal),
                PositionToContent = terms.Contains("p2c", StringComparison.Ordinal),
                PositionToPosition = terms.Contains("p2p", StringComparison.Ordinal),
            });
        using StepScope scope = StepScope.Begin();
        attention.Allocate(device);
        attention.Load(
            new Dictionary<string, Tensor> { ["rel_embeddings"] = golden["rel_embeddings"].ToTensor(device) });
        Linear projection = new(dim, 3 * dim);
        projection.Allocate(device);
        string[] names = ["query_proj", "key_proj", "value_proj"];
        projection.Load(new Dictionary<string, Tensor>
        {
            ["weight"] = Ops.Concat(0, [.. names.Select(name => golden.Weights[$"{name}.weight"].ToTensor(device))]),
            ["bias"] = Ops.Concat(0, [.. names.Select(name => golden.Weights[$"{name}.bias"].ToTensor(device))]),
        });

        TokenGrid grid = new(0, 1, tokens);
        Tensor x = golden["input"].ToTensor(device);
        x.RequiresGradient = true;
        Tensor output;
        using (Tape tape = Tape.Record())
        {
            output = attention.Forward(new(projection.Forward(x), grid, projection)).Keep();
            tape.Backward(output, golden["cotangent"].ToTensor(device));
        }

        golden.Compare("output", output);
        golden.Compare("probs", attention.Probabilities(new(projection.Forward(x), grid, projection)));
        golden.Compare("grad.input", x.Gradient, "grad");
        golden.Compare("grad.rel_embeddings", attention.NamedParameters().Single().Parameter.Value.Gradient, "grad");
        for (int i = 0; i < names.Length; i++)
        {
            golden.Compare($"grad.{names[i]}.weight", Ops.Slice(projection.Weight.Value.Gradient!, 0, i * dim, dim),
                "grad");
            golden.Compare($"grad.{names[i]}.bias", Ops.Slice(projection.Bias!.Value.Gradient!, 0, i * dim, dim),
                "grad");
        }

        TokenRelation relation = attention.Relation(grid);
        int[] offsets = golden["relative_pos"].Ints;
        Assert.All(Enumerable.Range(0, tokens * tokens), pair => Assert.Equal(
            Math.Clamp(offsets[pair] + span, 0, 2 * span - 1), relation.Bucket(pair / tokens, pair % tokens)));
    }

    [Theory]
    [InlineData("reference")]
    [InlineData("cpu")]
    public void Locality_aware_attention_agrees_for_every_window(string deviceName)
    {
        Golden golden = Golden.Load("lai-attention");
        Device device = TestDevice.Named(deviceName);
        (int dim, int heads) = (golden.Integer("dim"), golden.Integer("heads"));
        foreach (string name in golden.Tensors.Keys.Where(name => name.EndsWith(".output", StringComparison.Ordinal)))
        {
            string[] parts = name.Split('.');   // N17.w8.output, N17.wnone.output
            int tokens = int.Parse(parts[0][1..], CultureInfo.InvariantCulture);
            AttentionContext context = new()
            {
                Dim = dim,
                Heads = heads,
                HeadDim = dim / heads,
                Grid = new(1, 1, tokens - 1)
            };
            string window = parts[1][1..];
            AttentionSpec spec = window == "none" ? "softmax" : $"softmax:lai=sequence,class=band,window={window}";
            IAttention attention = AttentionCatalogue.Create(spec, context);
            using StepScope scope = StepScope.Begin();
            Layer layer = new(golden, device, attention, context.Grid, "qkv", "proj", dim, dim);
            (Tensor output, Tensor input) = layer.Run(golden[$"{parts[0]}.input"], golden[$"{parts[0]}.cotangent"]);

            golden.Compare(name, output);
            if (window != "none")
                CompareMask(golden[$"{parts[0]}.mask{window}"].Floats, tokens,
                    int.Parse(window, CultureInfo.InvariantCulture));
            if (!golden.Tensors.ContainsKey($"{parts[0]}.{parts[1]}.grad.input")) continue;
            golden.Compare($"{parts[0]}.{parts[1]}.grad.input", input.Gradient, "grad");
            layer.CompareGradients($"{parts[0]}.{parts[1]}.grad.");
        }
    }

    private static void CompareMask(float[] mask, int tokens, int window)
    {
        TokenRelation relation = new(0, 1, tokens, window);
        Assert.All(Enumerable.Range(0, tokens * tokens),
            pair => Assert.Equal(mask[pair] == 1, relation.IsVisible(pair / tokens, pair % tokens)));
    }

    /// <summary>The Sinkformers' names as timm's; a patch's elements there are ordered (row, column,
    /// channel).</summary>
    private static Dictionary<string, Tensor> Renamed(Golden golden)
    {
        Dictionary<string, Tensor> weights = [];
        foreach ((string name, StoredTensor stored) in golden.Weights)
        {
            Tensor tensor = stored.ToTensor(Device.Reference);
            string renamed = name.Replace("pos_embedding", "pos_embed")
                .Replace("to_patch_embedding.1", "patch_embed.proj")
                .Replace("mlp_head.0", "norm").Replace("mlp_head.1", "head").Replace("transformer.layers.", "blocks.")
                .Replace(".0.norm.", ".norm1.").Replace(".1.norm.", ".norm2.").Replace(".0.fn.to_qkv", ".attn.qkv")
                .Replace(".0.fn.to_out.0", ".attn.proj")
                .Replace(".1.fn.net.0", ".mlp.fc1").Replace(".1.fn.net.3", ".mlp.fc2");
            if (renamed == "patch_embed.proj.weight")
            {
                int patch = golden.Integer("patch_size");
                tensor = Ops.Permute(tensor.Reshape(tensor.Shape[0], patch, patch, -1), 0, 3, 1, 2);
            }

            weights[renamed] = tensor;
        }

        return weights;
    }

    /// <summary>Input projection, mechanism and output projection with a case's weights.</summary>
    private sealed class Layer
    {
        private readonly Golden _golden;
        private readonly Device _device;
        private readonly IAttention _attention;
        private readonly TokenGrid _grid;
        private readonly (string Name, Linear Linear)[] _linears;

        public Layer(Golden golden, Device device, IAttention attention, TokenGrid grid, string qkv, string projection,
            int dim, int width)
        {
            (_golden, _device, _attention, _grid) = (golden, device, attention, grid);
            _linears = [(qkv, new(dim, 3 * width, golden.Weights.ContainsKey($"{qkv}.bias"))),
                (projection, new(width, dim, golden.Weights.ContainsKey($"{projection}.bias")))];
            foreach ((string name, Linear linear) in _linears)
            {
                linear.Allocate(device);
                linear.Load(linear.NamedParameters()
                    .ToDictionary(entry => entry.Name,
                        entry => golden.Weights[$"{name}.{entry.Name}"].ToTensor(device)));
            }

            if (attention is Module module) module.Initialize(device, 0);
        }

        public AttentionInput Input(Tensor x) => new(_linears[0].Linear.Forward(x), _grid, _linears[0].Linear);

        public (Tensor Output, Tensor Input) Run(StoredTensor input, StoredTensor cotangent)
        {
            Tensor x = input.ToTensor(_device);
            x.RequiresGradient = true;
            using Tape tape = Tape.Record();
            Tensor output = _linears[1].Linear.Forward(_attention.Forward(Input(x))).Keep();
            tape.Backward(output, cotangent.ToTensor(_device));
            return (output, x);
        }

        public void CompareGradients(string prefix)
        {
            foreach ((string name, Linear linear) in _linears)
                foreach ((string part, Parameter parameter) in linear.NamedParameters())
                    _golden.Compare($"{prefix}{name}.{part}", parameter.Value.Gradient, "grad");
        }
    }
}

// Times, in TorchSharp at its best settings, vitl and vitx (linear attention, arXiv:2006.16236) and ResNet-18 (He et
// al. 2016, arXiv:1512.03385; the faster of its two memory layouts); one JSON line per workload and mode. Not part of
// the solution: ../peers_models.sh builds it beside the peers' libraries.
// usage: TorchModels THREADS fp32|bf16 WORKLOAD...

using System.Diagnostics;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

int threads = int.Parse(args[0]);
bool half = args[1] == "bf16";
torch.set_num_threads(threads);
foreach (string name in args[2..])
{
    (int image, int batch, int classes) = name switch
    {
        "resnet18" => (224, 16, 1000),
        "resnet18-cifar" => (32, 128, 10),
        _ => (32, 32, 10),
    };
    Dictionary<string, (double Seconds, string Layout)> best = [];
    long parameters = 0;
    foreach (string layout in name.StartsWith("resnet") ? (string[])["contiguous", "channels last"] : ["contiguous"])
    {
        torch.manual_seed(0);
        Module<Tensor, Tensor> net = name switch
        {
            "vitl" or "vitx" => new LinearViT(name == "vitx", image * image),
            "resnet18" or "resnet18-cifar" => new ResNet18(classes, isSmall: name == "resnet18-cifar"),
            _ => throw new ArgumentException($"no workload is called {name}"),
        };
        Tensor x = torch.randn(batch, 3, image, image), y = torch.randint(0, classes, batch);
        if (half)
        {
            net.to(ScalarType.BFloat16);
            x = x.to(ScalarType.BFloat16);
        }

        if (layout == "channels last")
        {
            x = ChannelsLast(x);
            foreach (Module child in net.modules())
                if (child is TorchSharp.Modules.Conv2d convolution)
                    convolution.weight = new TorchSharp.Modules.Parameter(ChannelsLast(convolution.weight!.detach()));
        }

        parameters = net.parameters().Sum(p => p.numel());
        optim.Optimizer optimizer = optim.AdamW(net.parameters(), 1e-3);
        foreach (string mode in (string[])["train", "infer"])
        {
            net.train(mode == "train");
            for (int run = 0; run < 5; run++)
            {
                Stopwatch watch = Stopwatch.StartNew();
                using (torch.NewDisposeScope())
                {
                    if (mode == "train")
                    {
                        optimizer.zero_grad();
                        functional.cross_entropy(net.forward(x), y).backward();
                        optimizer.step();
                    }
                    else
                    {
                        using IDisposable none = torch.no_grad();
                        net.forward(x);
                    }
                }

                double seconds = watch.Elapsed.TotalSeconds;
                if (run > 0 && !(best.TryGetValue(mode, out var before) && before.Seconds <= seconds))
                    best[mode] = (seconds, layout);
            }
        }
    }

    foreach ((string mode, (double seconds, string layout)) in best)
    {
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            peer = $"torchsharp-{args[1]} 0.107 (libtorch 2.10)", workload = name, mode, batch, threads, layout,
            parameters, images_per_second = Math.Round(batch / seconds, 2),
        }));
    }
}

static Tensor ChannelsLast(Tensor x) => x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);

/// <summary>f(q) (f(k)ᵀ v) / (f(q) Σ f(k)), f(x) = elu(x) + 1.</summary>
internal sealed class LinearAttention : Module<Tensor, Tensor>
{
    private readonly int _heads;
    private readonly Module<Tensor, Tensor> qkv, proj;

    public LinearAttention(int dim, int heads) : base("attention")
    {
        (_heads, qkv, proj) = (heads, Linear(dim, 3 * dim, hasBias: false), Linear(dim, dim, hasBias: false));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        long b = x.shape[0], n = x.shape[1], d = x.shape[2];
        Tensor packed = qkv.forward(x).reshape(b, n, 3, _heads, d / _heads).permute(2, 0, 3, 1, 4);
        Tensor q = functional.elu(packed[0], 1) + 1, k = functional.elu(packed[1], 1) + 1;
        Tensor sums = k.sum(-2).unsqueeze(-1);
        Tensor mixed = q.matmul(k.transpose(-2, -1).matmul(packed[2])) / q.matmul(sums);
        return proj.forward(mixed.transpose(1, 2).reshape(b, n, d));
    }
}

internal sealed class Block : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> norm1, attn, norm2, fc1, fc2;

    public Block(int dim, int heads, int mlp) : base("block")
    {
        (norm1, attn, norm2) = (LayerNorm(dim), new LinearAttention(dim, heads), LayerNorm(dim));
        (fc1, fc2) = (Linear(dim, mlp), Linear(mlp, dim));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = x + attn.forward(norm1.forward(x));
        return x + fc2.forward(functional.gelu(fc1.forward(norm2.forward(x))));
    }
}

/// <summary>A token per pixel: of the pixel alone, or of three convolutions.</summary>
internal sealed class LinearViT : Module<Tensor, Tensor>
{
    private const int Dim = 128, Depth = 4, Heads = 8, Mlp = 512, Classes = 10;

    private readonly Module<Tensor, Tensor> embed, blocks, norm, head;
    private readonly TorchSharp.Modules.Parameter cls, pos;

    public LinearViT(bool isConvolutional, int patches) : base("vit")
    {
        embed = isConvolutional
            ? Sequential(
                Conv2d(3, Dim / 4, 3, padding: 1), ReLU(), Conv2d(Dim / 4, Dim / 2, 3, padding: 1), ReLU(),
                Conv2d(Dim / 2, Dim, 3, padding: 1), ReLU())
            : Conv2d(3, Dim, 1);
        cls = Parameter(zeros(1, 1, Dim));
        pos = Parameter(randn(1, patches + 1, Dim) * 0.02);
        blocks = Sequential(
            Enumerable.Range(0, Depth).Select(_ => (Module<Tensor, Tensor>)new Block(Dim, Heads, Mlp)).ToArray());
        (norm, head) = (LayerNorm(Dim), Linear(Dim, Classes));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = embed.forward(x).flatten(2).transpose(1, 2);
        x = cat([cls.expand(x.shape[0], -1, -1), x], 1) + pos;
        return head.forward(norm.forward(blocks.forward(x)).select(1, 0));
    }
}

/// <summary>Two 3x3 convolutions beside a short cut.</summary>
internal sealed class BasicBlock : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> conv1, bn1, conv2, bn2;
    private readonly Module<Tensor, Tensor>? downsample;

    public BasicBlock(int inputs, int outputs, int stride) : base("block")
    {
        (conv1, bn1) = (Conv2d(inputs, outputs, 3, stride, padding: 1, bias: false), BatchNorm2d(outputs));
        (conv2, bn2) = (Conv2d(outputs, outputs, 3, padding: 1, bias: false), BatchNorm2d(outputs));
        if (stride != 1 || inputs != outputs)
            downsample = Sequential(Conv2d(inputs, outputs, 1, stride, bias: false), BatchNorm2d(outputs));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        Tensor y = bn1.forward(conv1.forward(x)).relu_();
        return (bn2.forward(conv2.forward(y)) + (downsample is null ? x : downsample.forward(x))).relu_();
    }
}

/// <summary>Layers as in torchvision; for small images a 3x3 convolution in place of the stem.</summary>
internal sealed class ResNet18 : Module<Tensor, Tensor>
{
    private readonly Module<Tensor, Tensor> conv1, bn1, blocks, fc;
    private readonly bool _isSmall;

    public ResNet18(int classes, bool isSmall) : base("resnet18")
    {
        int[] widths = [64, 64, 128, 256, 512];
        _isSmall = isSmall;
        conv1 = isSmall ? Conv2d(3, 64, 3, padding: 1, bias: false) : Conv2d(3, 64, 7, 2, padding: 3, bias: false);
        bn1 = BatchNorm2d(64);
        blocks = Sequential(Enumerable.Range(0, 4).SelectMany(i => (Module<Tensor, Tensor>[])
        [
            new BasicBlock(widths[i], widths[i + 1], i == 0 ? 1 : 2), new BasicBlock(widths[i + 1], widths[i + 1], 1),
        ]).ToArray());
        fc = Linear(512, classes);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        x = bn1.forward(conv1.forward(x)).relu_();
        if (!_isSmall) x = functional.max_pool2d(x, 3, 2, 1);
        return fc.forward(functional.adaptive_avg_pool2d(blocks.forward(x), [1, 1]).flatten(1));
    }
}

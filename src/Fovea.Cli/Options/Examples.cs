using System.CommandLine;

namespace Fovea.Cli.Options;

/// <summary>Two or three command lines for each command, which its help ends with.</summary>
internal static class Examples
{
    private static readonly Dictionary<string, string[]> Known = new(StringComparer.Ordinal)
    {
        ["fovea"] = ["fovea train", "fovea predict runs/NAME cat.jpg", "fovea train --help"],
        ["fovea train"] =
        [
            "fovea train",
            "fovea train --model vit-cifar --data cifar-10 --epochs 40 --batch-size 128",
            "fovea train --resume runs/NAME --epochs 60",
        ],
        ["fovea finetune"] =
        [
            "fovea finetune runs/NAME --data flowers --epochs 5",
            "fovea finetune --weights model.safetensors --model vit_small_patch16_224 --data flowers",
            "fovea finetune runs/NAME --data flowers --freeze all",
        ],
        ["fovea pretrain"] =
        [
            "fovea pretrain --method mae --data photographs --model vit_small_patch16_224",
            "fovea pretrain --method dino --data cifar-10 --model vit-cifar --local-crops 4",
            "fovea pretrain --resume runs/NAME",
        ],
        ["fovea eval"] =
        [
            "fovea eval runs/NAME",
            "fovea eval runs/NAME --data other-photographs --split val",
            "fovea eval model.safetensors --model vit_small_patch16_224 --dataset imagenet --data ilsvrc --json",
        ],
        ["fovea predict"] =
        [
            "fovea predict runs/NAME cat.jpg dog.png",
            "fovea predict runs/NAME photographs --csv",
            "fovea predict runs/NAME --index 0,1,2",
        ],
        ["fovea explain"] =
            ["fovea explain runs/NAME cat.jpg --out explanation", "fovea explain runs/NAME --index 14 --class star"],
        ["fovea explain distance"] =
        [
            "fovea explain distance runs/SOFTMAX", "fovea explain distance runs/SOFTMAX --against runs/SINKHORN",
        ],
        ["fovea explain lens"] = ["fovea explain lens runs/NAME", "fovea explain lens runs/NAME cat.jpg dog.png"],
        ["fovea explain patch"] =
            ["fovea explain patch runs/NAME cat.jpg dog.jpg", "fovea explain patch runs/NAME --index 3,8 --by heads"],
        ["fovea explain ablate"] = ["fovea explain ablate runs/NAME",
            "fovea explain ablate runs/NAME --eval-limit 200"],
        ["fovea explain similarity"] =
        [
            "fovea explain similarity runs/NAME", "fovea explain similarity runs/VIT --against runs/RESNET",
        ],
        ["fovea compare"] =
        [
            "fovea compare recipes/quick-study.yaml",
            "fovea compare recipes/attention.yaml --data cifar-10 --out studies/attention --jobs 2",
        ],
        ["fovea cell"] = ["fovea cell studies/NAME/cells/CELL/recipe.yaml"],
        ["fovea runs"] = ["fovea runs list", "fovea runs diff runs/ONE runs/OTHER"],
        ["fovea runs list"] = ["fovea runs list", "fovea runs list studies/attention --json"],
        ["fovea runs show"] = ["fovea runs show runs/NAME", "fovea runs show runs/NAME --json"],
        ["fovea runs diff"] = ["fovea runs diff runs/ONE runs/OTHER", "fovea runs diff runs/ONE runs/OTHER --json"],
        ["fovea models"] = ["fovea models", "fovea models --json"],
        ["fovea models show"] =
        [
            "fovea models show vit", "fovea models show vit --dim 192 --depth 6 --heads 3 --mlp swiglu --norm rmsnorm",
            "fovea models show vit_small_patch16_224 --position rope --qk-norm --registers 4 --pooling map --json",
        ],
        ["fovea devices"] = ["fovea devices", "fovea devices --json"],
        ["fovea bench"] =
            ["fovea bench", "fovea bench --model vit_small_patch16_224 --mode infer --batch-size 8 --seconds 20",
                "fovea bench --collective --json"],
        ["fovea estimate"] =
        [
            "fovea estimate --model vit --schedule cifar10:40",
            "fovea estimate --model vit_base_patch16_224 --attention all --device a100-80gb --devices 1,8,64",
        ],
        ["fovea probe"] =
        [
            "fovea probe runs/NAME --data flowers",
            "fovea probe --weights model.safetensors --model vit_small_patch14_dinov2 --data flowers --k 1,20",
        ],
        ["fovea pseudo-label"] =
        [
            "fovea pseudo-label runs/NAME --data unlabelled",
            "fovea pseudo-label runs/NAME --data all/unlabelled --threshold 0.95 --out all/pseudo.csv",
        ],
        ["fovea approximate"] =
            ["fovea approximate runs/SOFTMAX",
                "fovea approximate runs/SOFTMAX --features 16,64,256 --figure error.svg"],
        ["fovea data"] = ["fovea data inspect photographs", "fovea data get cifar10"],
        ["fovea data inspect"] =
            ["fovea data inspect photographs --out sheet.png", "fovea data inspect cifar10 --data cifar-10 --json"],
        ["fovea data get"] = ["fovea data get cifar10", "fovea data get mnist --data datasets"],
        ["fovea weights"] =
            ["fovea weights model.pth", "fovea weights runs/NAME --to model.safetensors --dtype f16"],
        ["fovea weights list"] = ["fovea weights list", "fovea weights list dinov2"],
        ["fovea weights get"] =
            ["fovea weights get vit_tiny_patch16_224.augreg_in21k_ft_in1k", "fovea weights get dinov2_vits14 resnet50"],
        ["fovea weights show"] = ["fovea weights show resnet18.tv_in1k", "fovea weights show dinov2_vits14 --json"],
        ["fovea export"] =
        [
            "fovea export runs/NAME",
            "fovea export runs/NAME --preprocess --out model.onnx",
            "fovea export runs/NAME --format safetensors --names huggingface",
        ],
        ["fovea verify"] =
        [
            "fovea verify NAME.onnx --against runs/NAME",
            "fovea verify NAME.onnx --against runs/NAME --data other-photographs --eval-limit 1000 --json",
        ],
        ["fovea studio"] =
        [
            "fovea studio",
            "fovea studio runs studies --port 8080",
        ],
        ["fovea serve"] =
        [
            "fovea serve runs/NAME",
            "fovea serve flowers=runs/NAME birds=runs/OTHER --port 8080 --max-batch 64 --max-wait 10",
        ],
    };

    /// <summary>The command lines of a command, the simplest first.</summary>
    public static IReadOnlyList<string> Of(Command command) => Known.GetValueOrDefault(PathOf(command)) ?? [];

    /// <summary>A command as it is typed, such as <c>fovea data get</c>.</summary>
    public static string PathOf(Command command) =>
        command is RootCommand ? "fovea"
            : $"{string.Concat(command.Parents.OfType<Command>().Take(1).Select(PathOf))} {command.Name}";
}

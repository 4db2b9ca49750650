using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Models;

namespace Fovea.Training.Setup;

/// <summary>Published weights of presets in the caches that Hugging Face's and PyTorch's tools keep on this machine.
/// Nothing is downloaded.</summary>
internal static class PretrainedWeights
{
    private static readonly string[] Files = ["model.safetensors", "pytorch_model.bin"];

    /// <summary>The recipe with the file of weights that it asks for without naming it.</summary>
    /// <exception cref="UsageException">There is none; the message says where to get one.</exception>
    public static Recipe Resolve(Recipe recipe)
    {
        if (!recipe.Model.Pretrained || recipe.Model.Weights is not null) return recipe;
        Preset preset = Presets.Find(recipe.Model.Name);
        string hub = HubFolder(), torch = TorchFolder();
        string[] names = [preset.Name, .. preset.Aliases];
        string[] found = [.. names.SelectMany(name => InHub(hub, name).Concat(InTorch(torch, name))).Distinct()];
        return found.MaxBy(File.GetLastWriteTimeUtc) is string file
            ? recipe with { Model = recipe.Model with { Weights = file } }
            : throw new UsageException(
                $"there are no published weights of '{preset.Name}' on this machine (looked for in {hub} and {torch}); "
                    + $"download them, for instance model.safetensors from huggingface.co/timm ('{preset.Name}'), and "
                    + "name the file with `weights`.")
            { Field = "pretrained" };
    }

    /// <summary>Snapshots of repositories called like the model, whatever weights of it they hold:
    /// <c>models--timm--vit_small_patch16_224.augreg_in21k_ft_in1k</c>.</summary>
    private static IEnumerable<string> InHub(string folder, string name) => Folders(folder, "models--*")
        .Where(repository => Path.GetFileName(repository).Split("--")[^1].Split('.')[0] == name)
        .SelectMany(repository => Folders(Path.Combine(repository, "snapshots"), "*"))
        .Select(snapshot => Files.Select(file => Path.Combine(snapshot, file)).FirstOrDefault(File.Exists))
        .OfType<string>();

    /// <summary>Files called like the model, with whatever follows: <c>resnet18-f37072fd.pth</c>,
    /// <c>dinov2_vits14_pretrain.pth</c>.</summary>
    private static IEnumerable<string> InTorch(string folder, string name) => !Directory.Exists(folder) ? []
        : Directory.EnumerateFiles(folder).Where(file => Path.GetExtension(file) is ".pth" or ".pt" or ".safetensors"
            && Path.GetFileNameWithoutExtension(file) is string plain
            && (plain == name || plain.StartsWith(name + "-", StringComparison.Ordinal)
                || plain == name + "_pretrain"));

    private static IEnumerable<string> Folders(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, pattern) : [];

    private static string HubFolder() => Environment.GetEnvironmentVariable("HF_HUB_CACHE")
        ?? Path.Combine(Environment.GetEnvironmentVariable("HF_HOME") ?? Path.Combine(Cache(), "huggingface"), "hub");

    private static string TorchFolder() => Path.Combine(
        Environment.GetEnvironmentVariable("TORCH_HOME") ?? Path.Combine(Cache(), "torch"), "hub", "checkpoints");

    private static string Cache() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
}

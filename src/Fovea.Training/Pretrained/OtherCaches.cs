namespace Fovea.Training.Pretrained;

/// <summary>Published weights in the caches that Hugging Face's and PyTorch's tools keep on this machine.</summary>
internal static class OtherCaches
{
    private const string HubHost = "huggingface.co";
    private static readonly string[] Files = ["model.safetensors", "pytorch_model.bin"];

    /// <summary>The folders, for messages.</summary>
    public static string Places => $"{HubFolder()} and {TorchFolder()}";

    /// <summary>An entry's file; null where there is none.</summary>
    public static string? Find(ListedWeights entry)
    {
        if (entry.Address.Host != HubHost)
            return Path.Combine(TorchFolder(), entry.FileName) is var file && File.Exists(file) ? file : null;
        string[] parts = entry.Address.AbsolutePath.Trim('/').Split('/');
        return parts.Length < 2 ? null
            : Snapshots(Path.Combine(HubFolder(), $"models--{parts[0]}--{parts[1]}"))
                .Select(snapshot => Path.Combine(snapshot, entry.FileName)).Where(File.Exists)
                .MaxBy(File.GetLastWriteTimeUtc);
    }

    /// <summary>Files of weights that are called like a model, the newest first.</summary>
    /// <param name="names">Names of the model.</param>
    public static IEnumerable<string> Find(IEnumerable<string> names) => names
        .SelectMany(name => InHub(HubFolder(), name).Concat(InTorch(TorchFolder(), name))).Distinct()
        .OrderByDescending(File.GetLastWriteTimeUtc);

    /// <summary>Snapshots of repositories called like the model, whatever weights of it they hold:
    /// <c>models--timm--vit_small_patch16_224.augreg_in21k_ft_in1k</c>.</summary>
    private static IEnumerable<string> InHub(string folder, string name) => Folders(folder, "models--*")
        .Where(repository => Path.GetFileName(repository).Split("--")[^1].Split('.')[0] == name)
        .SelectMany(Snapshots)
        .Select(snapshot => Files.Select(file => Path.Combine(snapshot, file)).FirstOrDefault(File.Exists))
        .OfType<string>();

    /// <summary>Files called like the model, with whatever follows: <c>resnet18-f37072fd.pth</c>,
    /// <c>dinov2_vits14_pretrain.pth</c>.</summary>
    private static IEnumerable<string> InTorch(string folder, string name) => !Directory.Exists(folder) ? []
        : Directory.EnumerateFiles(folder).Where(file => Path.GetExtension(file) is ".pth" or ".pt" or ".safetensors"
            && Path.GetFileNameWithoutExtension(file) is string plain
            && (plain == name || plain.StartsWith(name + "-", StringComparison.Ordinal)
                || plain == name + "_pretrain"));

    private static IEnumerable<string> Snapshots(string repository) =>
        Folders(Path.Combine(repository, "snapshots"), "*");

    private static IEnumerable<string> Folders(string folder, string pattern) =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder, pattern) : [];

    private static string HubFolder() => Environment.GetEnvironmentVariable("HF_HUB_CACHE")
        ?? Path.Combine(Environment.GetEnvironmentVariable("HF_HOME") ?? Path.Combine(Cache(), "huggingface"), "hub");

    private static string TorchFolder() => Path.Combine(
        Environment.GetEnvironmentVariable("TORCH_HOME") ?? Path.Combine(Cache(), "torch"), "hub", "checkpoints");

    private static string Cache() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
}

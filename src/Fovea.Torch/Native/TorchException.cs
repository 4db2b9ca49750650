namespace Fovea.Torch.Native;

/// <summary>An error inside libtorch.</summary>
/// <inheritdoc/>
internal sealed class TorchException(string reason, Exception? inner = null) : FoveaException(reason, inner)
{
    /// <summary>The error for what failed.</summary>
    /// <param name="what">The operator or function.</param>
    /// <param name="text">libtorch's own text; null before 2.13, where it goes to the error stream.</param>
    /// <param name="version">The library's.</param>
    internal static TorchException Of(string what, string? text, Version version)
    {
        if (text is null)
            return new($"PyTorch {version} failed at {what}.")
            {
                Field = "device",
                Remedy = "it wrote the reason above; where it names no operator of that kind, a newer PyTorch has it",
            };
        string line = text.Split('\n', 2)[0].Trim();
        return new($"PyTorch {version} failed at {what}: {line}")
        {
            Field = "device",
            Remedy = line.Contains("Could not find schema", StringComparison.Ordinal)
                ? "bring it up to date with: pip install -U torch" : null,
        };
    }

    /// <summary>The error for a buffer that does not fit.</summary>
    internal static TorchException OutOfMemory(string device, long asked, long held) =>
        new($"{device} has no memory left for {ByteSize.Text(asked)}; {ByteSize.Text(held)} are held by this run.")
        {
            Field = "device",
            Remedy = "a smaller `batch-size` (with `grad-accum`), `grad-checkpoint` or `precision` bf16 takes less; "
                + "the last checkpoint is kept",
        };
}

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
                Remedy = "It wrote the reason above; where it names no operator of that kind, a newer PyTorch has it",
            };
        string line = text.Split('\n', 2)[0].Trim();
        return new($"PyTorch {version} failed at {what}: {line}")
        {
            Field = "device",
            Remedy = line.Contains("Could not find schema", StringComparison.Ordinal)
                ? "Bring it up to date with: pip install -U torch" : null,
        };
    }

    /// <summary>The error for memory that is not there.</summary>
    /// <param name="device">The device's name.</param>
    /// <param name="asked">What was asked for, e.g. <c>12.0 MiB</c> or an operator's name.</param>
    /// <param name="held">Bytes of this run's tensors.</param>
    /// <param name="memory">Free and all bytes of the device; null where they are not known.</param>
    internal static TorchException OutOfMemory(string device, string asked, long held, (long Free, long All)? memory) =>
        new($"{device} has no memory left for {asked}; {ByteSize.Text(held)} are held by this run"
            + (memory is { } known ? $", {ByteSize.Text(known.Free)} of {ByteSize.Text(known.All)} are free." : "."))
        {
            Field = "device",
            Remedy = "A smaller `batch-size` (with `grad-accum`), `grad-checkpoint` or `precision` bf16 takes less; "
                + "the last checkpoint is kept",
        };
}

namespace Fovea.Torch.Native;

/// <summary>A handle of a tensor of libtorch, without ownership.</summary>
/// <param name="Handle">What the C interface takes.</param>
internal readonly record struct NativeTensor(nint Handle);

namespace Fovea.Tensors;

/// <summary>A device that there is, or that is not there and why.</summary>
/// <param name="Name">The name for <see cref="Device.Open"/>.</param>
/// <param name="IsThere">It can be opened.</param>
/// <param name="Detail">What it is, or what is missing: one line.</param>
/// <param name="Memory">Bytes of its memory; null where that is not known.</param>
/// <param name="Version">Of the library that computes; null where it is this program.</param>
/// <param name="Remedy">What to install for one that is not there; null for others.</param>
public sealed record DeviceDescription(string Name, bool IsThere, string Detail, long? Memory = null,
    string? Version = null, string? Remedy = null);

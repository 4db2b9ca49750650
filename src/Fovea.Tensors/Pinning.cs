namespace Fovea.Tensors;

/// <summary>Processors that the system may move threads that compute to.</summary>
public enum Pinning
{
    /// <summary>Any of them.</summary>
    None,

    /// <summary>One for each thread, on physical cores without another one first. Results do not depend on
    /// it.</summary>
    Cores,
}

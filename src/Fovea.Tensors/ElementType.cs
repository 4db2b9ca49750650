namespace Fovea.Tensors;

/// <summary>Type of the elements of a tensor.</summary>
public enum ElementType
{
    /// <summary>Single-precision number: all values that are computed with.</summary>
    Float32,

    /// <summary>32-bit integer: class labels and indices.</summary>
    Int32,
}

namespace Fovea.Core.Formats;

/// <summary>Arrays of bytes as the Python version of CIFAR has them.</summary>
internal sealed class NumpyObjects : IPickleObjects
{
    /// <summary>The three things of numpy that an array in a pickle refers to.</summary>
    private enum Part
    {
        Reconstruct,
        Array,
        Type,
    }

    public string Kinds => "numpy arrays";

    public string Advice => "Do not trust this file.";

    public object? Find(string module, string name) => (module, name) switch
    {
        ("numpy.core.multiarray" or "numpy._core.multiarray", "_reconstruct") => Part.Reconstruct,
        ("numpy", "ndarray") => Part.Array,
        ("numpy", "dtype") => Part.Type,
        _ => null,
    };

    public object? Call(object callee, object?[] arguments) => (callee, arguments) switch
    {
        (Part.Reconstruct, [Part.Array, ..]) => new NumpyArray(),
        (Part.Type, [PickleText code, ..]) => new NumpyType(code.ToString()),
        _ => null,
    };

    public string? SetState(object? target, object? state) => target switch
    {
        NumpyType => state is object?[]? null : "has a dtype with a wrong state",
        NumpyArray array => array.SetState(state),
        _ => "sets the state of something that is neither numpy's array nor dtype",
    };
}

namespace Fovea.Vision.Weights.Storage;

/// <summary>
/// A file of named tensors, whatever its format: safetensors, or PyTorch's in a zip archive or without. Tensors are
/// read when asked for; nothing in a file is ever executed.
/// </summary>
public abstract class WeightFile : IDisposable
{
    /// <summary>The file, for messages.</summary>
    public abstract string Path { get; }

    /// <summary>The format, for people, e.g. <c>safetensors</c>.</summary>
    public abstract string Format { get; }

    /// <summary>All tensors under their full names: <c>model.head.weight</c> where a dict holds a dict.</summary>
    public abstract IReadOnlyList<Weight> Weights { get; }

    /// <summary>Strings beside the tensors; only safetensors has them.</summary>
    public virtual IReadOnlyDictionary<string, string> Metadata { get; } = new Dictionary<string, string>();

    /// <summary>Kinds of plain values beside the tensors that were not read, by their names in Python.</summary>
    public virtual IReadOnlyCollection<string> PassedOver => [];

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Closes the file.</summary>
    protected abstract void Dispose(bool disposing);
}

using System.Runtime.ExceptionServices;

namespace Fovea.Data.Loading;

/// <summary>Collects what is wrong with images, so that one error tells about the first ten.</summary>
internal sealed class UnreadableImages
{
    private const int Most = 10;
    private readonly List<DataException> _errors = [];

    public bool IsEmpty => _errors.Count == 0;

    /// <summary>Whether there are more than will be named.</summary>
    public bool IsFull => _errors.Count > Most;

    /// <summary>Adds one, unless it is there already: augmentation may read an image again.</summary>
    public void Add(DataException error)
    {
        if (!_errors.Exists(known => known.Message == error.Message)) _errors.Add(error);
    }

    /// <summary>Complains if there are any.</summary>
    /// <param name="name">The dataset.</param>
    /// <exception cref="DataException">Names the first ten.</exception>
    public void ThrowIfAny(string name)
    {
        if (_errors.Count == 0) return;
        DataException first = _errors[0];
        if (_errors.Count == 1) ExceptionDispatchInfo.Throw(first);
        IEnumerable<string> rest = _errors.Count > Most ? [$"and {_errors.Count - Most} more"] : [];
        throw new DataException($"dataset '{name}': at least {_errors.Count} images cannot be read:", first)
        {
            Details = [.. _errors.Take(Most).Select(error => error.Message), .. rest],
            Remedy = first.Remedy,
        };
    }
}

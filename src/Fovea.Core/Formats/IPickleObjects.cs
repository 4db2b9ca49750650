namespace Fovea.Core.Formats;

/// <summary>Objects that a <see cref="PickleReader"/> reads besides plain values: names that it knows, and what they
/// make. Nothing else is touched.</summary>
internal interface IPickleObjects
{
    /// <summary>Name of these objects for messages, e.g. <c>numpy arrays</c>.</summary>
    string Kinds { get; }

    /// <summary>Advice for a file that asks for more.</summary>
    string Advice { get; }

    /// <summary>Meaning of a class or function of Python; null: it is refused.</summary>
    object? Find(string module, string name);

    /// <summary>Result of calling something that <see cref="Find"/> gave; null: it is refused.</summary>
    object? Call(object callee, object?[] arguments);

    /// <summary>Takes over the state of something that <see cref="Call"/> made.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    string? SetState(object? target, object? state);

    /// <summary>Object that lies outside the pickle under a persistent id; null: it is refused.</summary>
    object? Load(object? id) => null;
}

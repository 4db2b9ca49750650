namespace Fovea.Core.Formats;

/// <summary>What a <see cref="PickleReader"/> reads besides plain values: names that it knows, and what they make. Nothing else is touched.</summary>
internal interface IPickleObjects
{
    /// <summary>What there is, for messages, e.g. <c>numpy arrays</c>.</summary>
    string Kinds { get; }

    /// <summary>What to do about a file that asks for more.</summary>
    string Advice { get; }

    /// <summary>What a class or function of Python stands for; null: it is refused.</summary>
    object? Find(string module, string name);

    /// <summary>What a call of something that <see cref="Find"/> gave makes; null: it is refused.</summary>
    object? Call(object callee, object?[] arguments);

    /// <summary>Takes over the state of something that <see cref="Call"/> made.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    string? SetState(object? target, object? state);

    /// <summary>What lies outside the pickle under a persistent id; null: it is refused.</summary>
    object? Load(object? id) => null;
}

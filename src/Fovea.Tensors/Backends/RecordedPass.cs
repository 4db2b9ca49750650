namespace Fovea.Tensors;

/// <summary>Takes down what a pass tells of itself.</summary>
internal interface IPassRecording
{
    /// <summary>The memory of its input, the first that it asks for.</summary>
    void Input(Storage storage);

    /// <summary>The memory of its result.</summary>
    void Result(Storage storage);
}

/// <summary>A pass that a device computes again without operators and tensors. For one thread at a time.</summary>
internal abstract class RecordedPass
{
    /// <summary>Loops that are run.</summary>
    internal abstract int Steps { get; }

    /// <summary>Memory in which everything between input and result lies.</summary>
    internal abstract long ArenaBytes { get; }

    /// <summary>The sum of what lies in it.</summary>
    internal abstract long BufferBytes { get; }

    /// <summary>False where a kept form of a weight, which the pass reads, is not that of the weight any
    /// more.</summary>
    internal abstract bool IsCurrent { get; }

    /// <summary>Fills the arena with NaN: a pass that reads what it has not written shows.</summary>
    internal abstract void Poison();

    /// <summary>Computes.</summary>
    /// <param name="input">All elements.</param>
    /// <param name="result">Receives all elements.</param>
    internal abstract void Run(ReadOnlySpan<float> input, Span<float> result);
}

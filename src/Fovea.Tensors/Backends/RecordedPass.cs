namespace Fovea.Tensors;

/// <summary>Takes down what a pass tells of itself.</summary>
internal interface IPassRecording
{
    /// <summary>Memory of an input, before anything is written to it; the inputs are the first that it asks
    /// for.</summary>
    void Input(Storage storage);

    /// <summary>Memory of a result.</summary>
    void Result(Storage storage);

    /// <summary>Memory that outlives the pass and that it may change: gradients, running statistics.</summary>
    void MayChange(Storage storage);

    /// <summary>Random numbers that are others each time.</summary>
    void Stream(Philox random);
}

/// <summary>A pass that a device computes again without operators and tensors. For one thread at a time.</summary>
internal abstract class RecordedPass
{
    /// <summary>Loops that are run.</summary>
    internal abstract int Steps { get; }

    /// <summary>Memory in which everything between inputs and results lies.</summary>
    internal abstract long ArenaBytes { get; }

    /// <summary>The sum of what lies in it.</summary>
    internal abstract long BufferBytes { get; }

    /// <summary>False where a kept form of a weight, which the pass reads, is not that of the weight any
    /// more.</summary>
    internal abstract bool IsCurrent { get; }

    /// <summary>Random numbers of the next run, in the order in which the recording was told of them.</summary>
    internal abstract Philox[] Streams { get; }

    /// <summary>Fills the arena with NaN: a pass that reads what it has not written shows.</summary>
    internal abstract void Poison();

    /// <summary>Sets all elements of an input for the next run; integers as the same bits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are indices, and one of them is of nothing.</exception>
    internal abstract void Write(int input, ReadOnlySpan<float> values);

    /// <summary>Computes.</summary>
    internal abstract void Run();

    /// <summary>Receives all elements of a result of the last run.</summary>
    internal abstract void Read(int result, Span<float> values);
}

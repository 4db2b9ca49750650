namespace Fovea.Tensors;

/// <summary>
/// A pass from one tensor to another, noted once for a shape and then computed without its operators: the device's
/// loops in order, on one piece of memory whose parts are used again as soon as nobody needs them. It makes no tensors
/// and asks for no memory, and it has the bits of the pass.
/// </summary>
/// <remarks>
/// Weights are read where they are. A changed one is seen, unless the device keeps a form of it beside it
/// (<see cref="Tensor.Settle"/>); then <see cref="IsCurrent"/> is false. Memory of weights stays as long as there is
/// the compiled pass.
/// </remarks>
public sealed class CompiledPass
{
    private readonly RecordedPass _recorded;
    private readonly bool _isBatchInvariant;
    private readonly Lock _turn = new();

    private CompiledPass(RecordedPass recorded, Shape input, Shape result)
    {
        (_recorded, Input, Result) = (recorded, input, result);
        _isBatchInvariant = BatchInvariance.IsAsked;
    }

    /// <summary>Sizes of the input.</summary>
    public Shape Input { get; }

    /// <summary>Sizes of the result.</summary>
    public Shape Result { get; }

    /// <summary>Loops that the device runs.</summary>
    public int Steps => _recorded.Steps;

    /// <summary>Memory for everything between input and result, these included.</summary>
    public long ArenaBytes => _recorded.ArenaBytes;

    /// <summary>The same if nothing shared memory: the sum of all buffers.</summary>
    public long BufferBytes => _recorded.BufferBytes;

    /// <summary>False where the pass has to be compiled again: a weight changed whose packed form the device keeps, or
    /// the thread asks for <see cref="BatchInvariance"/> now and did not then.</summary>
    public bool IsCurrent => _recorded.IsCurrent && _isBatchInvariant == BatchInvariance.IsAsked;

    /// <summary>
    /// Notes a pass, and compares: what was noted, on other numbers and on memory full of NaN, must have the bits of
    /// the pass. Takes the time of five passes.
    /// </summary>
    /// <param name="pass">The same operators each time, whatever the numbers are.</param>
    /// <param name="input">Sizes of its input.</param>
    /// <param name="device">Device of its weights.</param>
    /// <exception cref="NotCompilableException">The pass cannot be computed again from notes: it reads values, changes
    /// what outlives it, differs from time to time, or its device has no such path.</exception>
    public static CompiledPass Compile(Func<Tensor, Tensor> pass, Shape input, Device device)
    {
        if (Tape.Current is not null) throw Refusal("a tape records, and a compiled pass has no gradients");
        float[] first = Numbers(input, 1), second = Numbers(input, 2);
        float[] expectedFirst = Eager(pass, first, input, device), expected = Eager(pass, second, input, device);
        Shape result = default;
        RecordedPass recorded = device.Backend.Record(recording =>
        {
            using StepScope scope = StepScope.Begin();
            Tensor x = Tensor.Empty(input, device);
            recording.Input(x.Storage);
            x.CopyFrom(first);
            Tensor y = pass(x);
            recording.Result(y.Storage);
            result = y.Shape;
        }, out string? refusal) ?? throw Refusal(refusal!);
        CompiledPass compiled = new(recorded, input, result);
        recorded.Poison();
        if (!compiled.Matches(second, expected) || !compiled.Matches(first, expectedFirst))
            throw Refusal("computed from notes, it has other results");
        return compiled;
    }

    /// <summary>Computes, if nobody else does.</summary>
    /// <param name="input">All elements.</param>
    /// <param name="result">Receives all elements.</param>
    /// <returns>False where another thread is computing it, and where it is not <see cref="IsCurrent"/>; nothing is
    /// computed then.</returns>
    /// <exception cref="ShapeException">There are other numbers of elements.</exception>
    public bool TryRun(ReadOnlySpan<float> input, Span<float> result)
    {
        if (input.Length != Input.Elements || result.Length != Result.Elements)
            throw new ShapeException($"CompiledPass: goes from {Input} to {Result}, got {input.Length} values for "
                + $"{result.Length}.");
        if (!_turn.TryEnter()) return false;
        try
        {
            if (!IsCurrent) return false;
            _recorded.Write(0, input);
            _recorded.Run();
            _recorded.Read(0, result);
            return true;
        }
        finally
        {
            _turn.Exit();
        }
    }

    private bool Matches(float[] input, float[] expected)
    {
        float[] values = new float[expected.Length];
        return TryRun(input, values)
            && values.Zip(expected).All(pair =>
                BitConverter.SingleToInt32Bits(pair.First) == BitConverter.SingleToInt32Bits(pair.Second));
    }

    private static float[] Eager(Func<Tensor, Tensor> pass, float[] values, Shape shape, Device device)
    {
        using StepScope scope = StepScope.Begin();
        return pass(Tensor.From(values, shape, device)).ToArray();
    }

    private static float[] Numbers(Shape shape, ulong stream)
    {
        Philox random = new(0, stream);
        float[] values = new float[shape.Elements];
        for (int i = 0; i < values.Length; i++) values[i] = random.Uniform((ulong)i, -2, 2);
        return values;
    }

    internal static NotCompilableException Refusal(string reason) =>
        new($"The pass is computed operator by operator: {reason}.");
}

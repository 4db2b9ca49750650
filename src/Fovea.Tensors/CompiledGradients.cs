using System.Runtime.InteropServices;

namespace Fovea.Tensors;

/// <summary>A forward and backward pass, its gradients left with the parameters.</summary>
/// <param name="input">Values that it differs by.</param>
/// <param name="target">Labels, or values to be reached.</param>
/// <param name="random">Random numbers that it may draw from.</param>
/// <returns>The loss, one element, and other values that are wanted; null: none. Kept ones are released for the
/// pass.</returns>
public delegate (Tensor Loss, Tensor? Scores) GradientPass(Tensor input, Tensor target, Philox random);

/// <summary>Arguments of a <see cref="GradientPass"/>, on the host.</summary>
/// <param name="Input">All elements of its input.</param>
/// <param name="Labels">All labels, where these are what has to be reached.</param>
/// <param name="Values">All values, where those are.</param>
/// <param name="Random">Its random numbers.</param>
public sealed record GradientArguments(ReadOnlyMemory<float> Input, ReadOnlyMemory<int> Labels,
    ReadOnlyMemory<float> Values, Philox Random);

/// <summary>
/// The gradients of a training step, noted once for a shape and then computed without operators, tape and tensors: the
/// device's loops in order, on one piece of memory whose parts are used again as soon as nobody needs them. It has the
/// bits of the pass. As <see cref="CompiledPass"/>, for training.
/// </summary>
/// <remarks>Parameters are read where they are, and gradients are written where they were: they have to stay
/// there, which <see cref="TryRun"/> checks. For one thread at a time.</remarks>
public sealed class CompiledGradients
{
    private readonly RecordedPass _recorded;
    private readonly PassTrial _trial;
    private readonly Func<Philox, IReadOnlyList<Philox>> _streams;
    private readonly Slot[] _slots;
    private readonly bool _isBatchInvariant;
    private readonly int _scores;

    private CompiledGradients(RecordedPass recorded, PassTrial trial, Func<Philox, IReadOnlyList<Philox>> streams,
        Slot[] slots, int scores)
    {
        (_recorded, _trial, _streams, _slots, _scores) = (recorded, trial, streams, slots, scores);
        _isBatchInvariant = BatchInvariance.IsAsked;
    }

    /// <summary>Values beside the loss.</summary>
    public int Scores => _scores;

    /// <summary>Loops that the device runs.</summary>
    public int Steps => _recorded.Steps;

    /// <summary>Memory for everything between inputs, results and gradients, inputs and results included.</summary>
    public long ArenaBytes => _recorded.ArenaBytes;

    /// <summary>The same if nothing shared memory: the sum of all buffers.</summary>
    public long BufferBytes => _recorded.BufferBytes;

    /// <summary>
    /// Notes a pass, and compares: what was noted, on other numbers and on memory full of NaN, must have the bits of
    /// the pass, its gradients and what else it changes included. Takes the time of six passes, and leaves gradients
    /// and buffers as they were.
    /// </summary>
    /// <param name="pass">The same operators each time, whatever the numbers are.</param>
    /// <param name="arguments">Numbers to try.</param>
    /// <param name="input">Sizes of the input; axis 0 counts samples.</param>
    /// <param name="target">Sizes of what has to be reached.</param>
    /// <param name="streams">The random numbers that may be drawn, given those of the pass; as many each time.</param>
    /// <param name="parameters">What gradients are wanted of. Where one has a gradient already, the pass adds to
    /// it.</param>
    /// <param name="buffers">What the pass may change besides gradients.</param>
    /// <exception cref="NotCompilableException">The pass cannot be computed again from notes: it reads values, changes
    /// something else, differs from time to time, or its device has no such path.</exception>
    public static CompiledGradients Compile(GradientPass pass, GradientArguments arguments, Shape input, Shape target,
        Func<Philox, IReadOnlyList<Philox>> streams, IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> buffers)
    {
        if (Tape.Current is not null) throw CompiledPass.Refusal("another tape records");
        PassTrial trial = new(pass, input, target, parameters, buffers);
        trial.RequireSizes(arguments);
        GradientArguments others = Others(arguments, target);
        using IDisposable state = trial.Begin();
        byte[] rightOfOthers = trial.Run(others), right = trial.Run(arguments);
        int scores = 0;
        Slot[] slots = [];
        RecordedPass recorded = parameters[0].Device.Backend.Record(recording =>
        {
            bool[] had = trial.Mark();
            foreach (Philox stream in streams(arguments.Random)) recording.Stream(stream);
            foreach (Storage gradient in parameters.Select(parameter => parameter.GradientStorage).OfType<Storage>())
                recording.MayChange(gradient);
            foreach (Tensor buffer in buffers) recording.MayChange(buffer.Storage);
            scores = trial.Record(recording, arguments);
            slots = [.. parameters.Select((parameter, i) => new Slot(parameter, parameter.Storage,
                parameter.GradientStorage, had[i], parameter.HasGradient, parameter.RequiresGradient))];
        }, out string? refusal) ?? throw CompiledPass.Refusal(refusal!);
        CompiledGradients compiled = new(recorded, trial, streams, slots, scores);
        recorded.Poison();
        if (!compiled.Noted(others).SequenceEqual(rightOfOthers) || !compiled.Noted(arguments).SequenceEqual(right))
            throw CompiledPass.Refusal("computed from notes, it has other results");
        return compiled;
    }

    /// <summary>Computes both ways, and compares the bits; gradients and buffers are left as they were. For where
    /// something may have changed that the pass depends on, such as the epoch.</summary>
    public bool IsRight(GradientArguments arguments)
    {
        using IDisposable state = _trial.Begin();
        return _trial.Run(arguments).SequenceEqual(Noted(arguments));
    }

    /// <summary>Computes, where parameters and gradients are where they were.</summary>
    /// <param name="arguments">As many numbers as those that were compiled for.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="scores">Receives the pass's other values.</param>
    /// <returns>False where a parameter or its gradient was moved, where one has a gradient now that had none, had one
    /// that it does not have, or began or ceased to learn, and where <see cref="BatchInvariance"/> is asked for now and
    /// was not; nothing is computed then.</returns>
    /// <exception cref="ShapeException">There are other numbers of elements.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label is of no class.</exception>
    public bool TryRun(GradientArguments arguments, out float loss, Span<float> scores)
    {
        _trial.RequireSizes(arguments);
        if (scores.Length != _scores)
            throw new ShapeException($"CompiledGradients: has {_scores} scores, got room for {scores.Length}.");
        loss = 0;
        if (!_recorded.IsCurrent || _isBatchInvariant != BatchInvariance.IsAsked) return false;
        foreach (Slot slot in _slots)
            if (!slot.IsCurrent) return false;
        IReadOnlyList<Philox> streams = _streams(arguments.Random);
        for (int i = 0; i < streams.Count; i++) _recorded.Streams[i] = streams[i];
        _recorded.Write(0, arguments.Input.Span);
        _recorded.Write(1, arguments.Labels.IsEmpty ? arguments.Values.Span
            : MemoryMarshal.Cast<int, float>(arguments.Labels.Span));
        _recorded.Run();
        Span<float> value = stackalloc float[1];
        _recorded.Read(0, value);
        loss = value[0];
        if (_scores > 0) _recorded.Read(1, scores);
        foreach (Slot slot in _slots) slot.Note();
        return true;
    }

    /// <summary>A digest of everything that comes out, from the notes; empty: they do not serve.</summary>
    private byte[] Noted(GradientArguments arguments)
    {
        _trial.Restore();
        float[] scores = new float[_scores];
        return TryRun(arguments, out float loss, scores) ? _trial.Digest(loss, scores) : [];
    }

    /// <summary>Other numbers of the same kinds: inputs between the smallest and the largest, targets of the
    /// neighbouring samples, another stream.</summary>
    private static GradientArguments Others(GradientArguments arguments, Shape target)
    {
        float low = float.MaxValue, high = float.MinValue;
        foreach (float value in arguments.Input.Span) (low, high) = (MathF.Min(low, value), MathF.Max(high, value));
        Philox random = new(0, 1);
        float[] input = new float[arguments.Input.Length];
        for (int i = 0; i < input.Length; i++) input[i] = random.Uniform((ulong)i, low, high);
        int row = target.Rank == 0 ? 0 : target.Elements / Math.Max(1, target[0]);
        return new(input, Turned(arguments.Labels, row), Turned(arguments.Values, row),
            new Philox(arguments.Random.Seed, ~arguments.Random.Stream));
    }

    private static T[] Turned<T>(ReadOnlyMemory<T> values, int by) =>
        values.IsEmpty ? [] : [.. values.Span[by..], .. values.Span[..by]];

    /// <summary>A parameter as the pass knows it.</summary>
    private sealed record Slot(Tensor Parameter, Storage Value, Storage? Gradient, bool HadGradient, bool GetsGradient,
        bool Learns)
    {
        internal bool IsCurrent => !Parameter.IsReleased && Parameter.Storage == Value
            && Parameter.RequiresGradient == Learns && Parameter.HasGradient == HadGradient
            && (Gradient is null || Parameter.GradientStorage == Gradient);

        internal void Note()
        {
            if (GetsGradient) Parameter.NoteGradient();
        }
    }
}


namespace Fovea.Tensors;

/// <summary>
/// Records operators while it is active and differentiates through them: <see cref="Backward(Tensor, Tensor?)"/> walks
/// the record once, from the result to the inputs, and frees each intermediate result as soon as it is consumed.
/// </summary>
public sealed partial class Tape : IDisposable
{
    [ThreadStatic]
    private static Tape? _current;

    private readonly List<Entry> _entries = [];
    private readonly Tape? _outer = _current;
    private readonly bool _records;
    private bool _consumed;

    private Tape(bool records)
    {
        _records = records;
        _current = this;
    }

    /// <summary>The tape that records on this thread, or null.</summary>
    public static Tape? Current => _current is { _records: true } ? _current : null;

    /// <summary>Operators recorded so far and not yet consumed.</summary>
    public int Count => _entries.Count;

    /// <summary>Starts recording on this thread. Use with <c>using</c>.</summary>
    public static Tape Record() => new(records: true);

    /// <summary>Stops recording until disposed, e.g. for a teacher's forward pass.</summary>
    public static IDisposable Pause() => new Tape(records: false);

    /// <summary>
    /// Gradients of Σ output · <paramref name="outputGradient"/> with respect to every tensor that requires one, added
    /// to <see cref="Tensor.Gradient"/>. Intermediate tensors are released on the way unless kept.
    /// </summary>
    /// <param name="output">What to differentiate; recorded on this tape.</param>
    /// <param name="outputGradient">Same shape as <paramref name="output"/>; may be left out for a single element, and
    /// is then 1.</param>
    /// <exception cref="InvalidOperationException">Called twice, or the output does not depend on anything that
    /// requires a gradient.</exception>
    /// <exception cref="ShapeException">The output gradient has another shape, or is missing for more than one
    /// element.</exception>
    public void Backward(Tensor output, Tensor? outputGradient = null) => Walk(output, outputGradient, null, null);

    /// <summary>As <see cref="Backward(Tensor, Tensor?)"/>, and tells when the gradients of parameters are
    /// final.</summary>
    /// <param name="output">What to differentiate; recorded on this tape.</param>
    /// <param name="outputGradient">Same shape as <paramref name="output"/>, or null for 1.</param>
    /// <param name="order">The parameters.</param>
    /// <param name="isFinal">Called once for each of them, by its number, also where it has no gradient; may take the
    /// gradient away.</param>
    /// <inheritdoc cref="Backward(Tensor, Tensor?)"/>
    public void Backward(Tensor output, Tensor? outputGradient, GradientOrder order, Action<int> isFinal) =>
        Walk(output, outputGradient, order, isFinal);

    private void Walk(Tensor output, Tensor? outputGradient, GradientOrder? order, Action<int>? isFinal)
    {
        if (_consumed)
            throw new InvalidOperationException(
                "Backward: this tape was already walked; record the forward pass again.");
        if (!output.RequiresGradient)
            throw new InvalidOperationException(
                $"Backward: {output.Origin} {output.Shape} depends on nothing that requires a gradient.");
        if (outputGradient is null && output.Shape.Elements != 1)
            throw new ShapeException(
                $"Backward: pass an output gradient for {output.Shape}; it may only be left out for one element.");
        if (outputGradient is not null && outputGradient.Shape != output.Shape)
            throw new ShapeException(
                $"Backward: output gradient {outputGradient.Shape} must have the output's shape {output.Shape}.");

        _consumed = true;
        Seed(output, outputGradient);
        Tape? recording = _current;
        _current = null;   // backward passes do not record themselves
        using GradientOrder.Pass? pass = order?.Begin(_entries.Count, isFinal!);
        try
        {
            for (int i = _entries.Count - 1; i >= 0; i--)
            {
                Entry entry = _entries[i];
                pass?.Enter(i);
                if (entry.Output.HasGradient) entry.Backward();
                entry.Output.ReleaseGradient();
                foreach (Tensor saved in entry.Saved) saved.Release("by Backward");
                if (entry.Output != output && !entry.Output.IsKept) entry.Output.Release("by Backward");
                pass?.Leave(i);
            }

            pass?.End();
        }
        finally
        {
            _entries.Clear();
            _current = recording;
        }
    }

    /// <summary>Stops recording; what was not consumed by <see cref="Backward(Tensor, Tensor?)"/> is
    /// forgotten.</summary>
    public void Dispose()
    {
        if (_current == this) _current = _outer;
        foreach (Entry entry in _entries)
            foreach (Tensor saved in entry.Saved) saved.Release("when its tape ended");
        _entries.Clear();
    }

    /// <summary>Notes how to differentiate <paramref name="output"/>. <paramref name="saved"/> belongs to the entry
    /// from now on.</summary>
    internal void Add(Tensor output, Action backward, Tensor[] saved) =>
        _entries.Add(new Entry(output, backward, saved));

    private static void Seed(Tensor output, Tensor? outputGradient)
    {
        Target seed = output.GradientTarget();
        Backend backend = output.Device.Backend;
        if (outputGradient is null) backend.Fill(seed.Storage, 1, 1);
        else backend.AddScaled(outputGradient.Storage, seed, output.Shape.Elements, 1);
    }

    private readonly record struct Entry(Tensor Output, Action Backward, Tensor[] Saved);
}

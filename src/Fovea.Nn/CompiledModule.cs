using Fovea.Tensors;

namespace Fovea.Nn;

/// <summary>
/// A module's evaluation, compiled (<see cref="CompiledPass"/>) for the shapes of input that come often. What cannot be
/// compiled, and what does not pay, is left to the module.
/// </summary>
/// <remarks>Safe on several threads. A change of weights, context or mode is noticed: the pass is compiled again, or
/// left to the module.</remarks>
public sealed class CompiledModule
{
    private const int MostPasses = 4;

    private readonly Module _module;
    private readonly Func<Tensor, Tensor> _forward;
    private readonly Device _device;
    private readonly int _usesBefore;
    private readonly Lock _gate = new();
    private readonly Dictionary<Shape, Entry> _entries = [];

    /// <param name="module">Weights, mode and context.</param>
    /// <param name="forward">Its pass.</param>
    /// <param name="device">Device of its weights.</param>
    /// <param name="usesBefore">A shape is compiled when it has come so often; compiling takes five passes.</param>
    public CompiledModule(Module module, Func<Tensor, Tensor> forward, Device device, int usesBefore = 8)
    {
        (_module, _forward, _device, _usesBefore) = (module, forward, device, usesBefore);
    }

    /// <summary>Why the last shape that was tried could not be compiled; null: it could, or none was.</summary>
    public string? Refusal { get; private set; }

    /// <summary>Result of the module, where its pass is compiled.</summary>
    /// <param name="shape">Sizes of the input.</param>
    /// <param name="input">All its elements.</param>
    /// <returns>All elements of the result; null: the module has to compute it.</returns>
    public float[]? TryRun(Shape shape, ReadOnlySpan<float> input)
    {
        if (_module.Training || Tape.Current is not null) return null;
        if (Find(shape) is not { } pass) return null;
        float[] result = new float[pass.Result.Elements];
        return pass.TryRun(input, result) ? result : null;
    }

    /// <summary>The compiled pass for a shape; null where there is none (yet).</summary>
    public CompiledPass? Find(Shape shape)
    {
        if (!_gate.TryEnter()) return null;   // another thread compiles
        try
        {
            if (!_entries.TryGetValue(shape, out Entry? entry)) _entries.Add(shape, entry = new());
            entry.Uses++;
            if (entry.Pass is { IsCurrent: true } pass && entry.IsOf(_module)) return pass;
            bool isDue = entry.Pass is not null
                || (entry.Uses > _usesBefore && _entries.Values.Count(other => other.Pass is not null) < MostPasses);
            if (!isDue || (entry.IsRefused && entry.IsOf(_module))) return null;
            entry.Note(_module);
            try
            {
                entry.Pass = CompiledPass.Compile(_forward, shape, _device);
                Refusal = null;
            }
            catch (NotCompilableException refusal)
            {
                (entry.Pass, Refusal) = (null, refusal.Message);
            }

            entry.IsRefused = entry.Pass is null;
            return entry.Pass;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>One shape.</summary>
    private sealed class Entry
    {
        private (NamedTensor Named, Tensor Value)[] _weights = [];
        private ForwardContext? _context;

        internal int Uses { get; set; }

        internal CompiledPass? Pass { get; set; }

        internal bool IsRefused { get; set; }

        /// <summary>Remembers what a module has now.</summary>
        internal void Note(Module module)
        {
            _context = module.Context;
            _weights = [.. module.NamedParameters().Select(entry => (NamedTensor)entry.Parameter)
                .Concat(module.NamedBuffers().Select(entry => entry.Buffer))
                .Select(named => (named, named.Value))];
        }

        /// <summary>The module has the same tensors and context still.</summary>
        internal bool IsOf(Module module)
        {
            if (module.Context != _context) return false;
            foreach ((NamedTensor named, Tensor value) in _weights)
                if (named.Value != value || value.IsReleased) return false;
            return true;
        }
    }
}

using Fovea.Training.Observers;

namespace Fovea.Cli.Signals;

/// <summary>Lets a run save when a signal comes, from its first step on; before that there is nothing to
/// save.</summary>
internal sealed class WorkInHand : IRunObserver, IDisposable
{
    private bool _held;

    /// <inheritdoc/>
    public void Started(RunPlan plan) => Begin();

    /// <summary>From here on a signal asks for an end.</summary>
    public WorkInHand Begin()
    {
        if (!_held) Interrupts.Hold();
        _held = true;
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_held) Interrupts.Release();
        _held = false;
    }
}

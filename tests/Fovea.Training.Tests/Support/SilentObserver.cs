using Fovea.Training.Observers;

namespace Fovea.Training.Tests.Support;

/// <summary>Says nothing; calls back after steps.</summary>
internal sealed class SilentObserver(Action<StepProgress>? afterStep = null) : IRunObserver
{
    public RunPlan? Plan { get; private set; }

    public List<string> Warnings { get; } = [];

    public void Warned(string message) => Warnings.Add(message);

    public void Started(RunPlan plan) => Plan = plan;

    public void Progressed(in StepProgress progress) => afterStep?.Invoke(progress);
}

namespace Fovea.Nn.Schedules;

/// <summary>The part of a run that a schedule is for: what remains behind the warm-up.</summary>
/// <param name="Total">Optimiser steps.</param>
/// <param name="PerEpoch">Optimiser steps of an epoch.</param>
internal readonly record struct ScheduleRun(int Total, int PerEpoch)
{
    /// <summary>Epochs, with a fraction.</summary>
    public double Epochs => (double)Total / PerEpoch;

    /// <summary>Steps of so many epochs, at least 1.</summary>
    public int Steps(double epochs) => Math.Max(1, (int)Math.Round(epochs * PerEpoch));
}

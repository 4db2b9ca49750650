namespace Fovea.Nn.Schedules;

/// <summary>The part of a run that a schedule is for: what remains behind the warm-up.</summary>
/// <param name="Total">Optimiser steps.</param>
/// <param name="PerEpoch">Optimiser steps of an epoch.</param>
/// <param name="WarmUp">Optimiser steps of the warm-up.</param>
internal readonly record struct ScheduleRun(int Total, int PerEpoch, int WarmUp)
{
    /// <summary>Epochs, with a fraction.</summary>
    public double Epochs => (double)Total / PerEpoch;

    /// <summary>Epochs of the whole run, with a fraction.</summary>
    public double AllEpochs => (double)(WarmUp + Total) / PerEpoch;

    /// <summary>The step behind the warm-up at which so many epochs of the run are over; 0 where they are
    /// sooner.</summary>
    public int StepAt(double epoch) => Math.Max(0, (int)Math.Round(epoch * PerEpoch) - WarmUp);

    /// <summary>Steps of so many epochs, at least 1.</summary>
    public int Steps(double epochs) => Math.Max(1, (int)Math.Round(epochs * PerEpoch));
}

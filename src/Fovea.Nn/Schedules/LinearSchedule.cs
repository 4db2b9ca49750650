using Fovea.Core.Options;

namespace Fovea.Nn.Schedules;

/// <summary>From one factor to another along a line, then constant.</summary>
public sealed record LinearSchedule : Schedule
{
    private static readonly Option<double?> Epochs = Option.Maybe("epochs", ValueForm.Real(),
        "length, behind the warm-up", "the rest of the run");
    private static readonly Option<double> First = Option.Of("start", ValueForm.Real(), 1, "first factor, 0 or more");
    private static readonly Option<double> Last = Option.Of("end", ValueForm.Real(), 0, "last factor, 0 or more");

    /// <param name="start">Factor at step 0, 0 or more.</param>
    /// <param name="end">Factor from step <paramref name="steps"/> on, 0 or more.</param>
    /// <param name="steps">Length, 0 or more.</param>
    /// <exception cref="UsageException">A number out of range.</exception>
    public LinearSchedule(double start, double end, int steps)
    {
        Start = Check.AtLeast(0, start, "Linear schedule: start");
        End = Check.AtLeast(0, end, "Linear schedule: end");
        Steps = Check.AtLeast(0, steps, "Linear schedule: steps");
    }

    internal static ScheduleEntry Entry { get; } = new(
        "linear",
        [Epochs, First, Last],
        (values, run) => new LinearSchedule(values.Of(First), values.Of(Last),
            run.Steps(values.Of(Epochs) ?? run.Epochs)))
    {
        Lowest = Last,
    };

    /// <summary>Factor at step 0.</summary>
    public double Start { get; }

    /// <summary>Factor at the end and after it.</summary>
    public double End { get; }

    /// <summary>Length in steps.</summary>
    public int Steps { get; }

    /// <inheritdoc/>
    public override double Factor(int step) => step >= Steps ? End : LinearBetween(Start, End, (double)step / Steps);
}

using Fovea.Core.Files;
using Fovea.Training.Runs;

namespace Fovea.Server.Studio.Runs;

/// <summary>State of a run, as its files and its process tell it.</summary>
internal enum RunState
{
    /// <summary>A process works on it.</summary>
    Running,

    /// <summary>It has its final figures.</summary>
    Finished,

    /// <summary>It ended in order before its end, with a checkpoint of its last step.</summary>
    Stopped,

    /// <summary>It ended before its end, and its last steps are lost: there is no checkpoint of them.</summary>
    Interrupted,

    /// <summary>Its process is noted as working, and does not live any more: it was killed.</summary>
    Dead,

    /// <summary>A file of it cannot be read.</summary>
    Corrupt,

    /// <summary>Its directory was there, and is gone.</summary>
    Deleted,
}

/// <summary>Finds out the state of a run.</summary>
internal static class RunStates
{
    /// <summary>The last line of a log is written before the checkpoint of the same step.</summary>
    private static readonly TimeSpan Together = TimeSpan.FromSeconds(2);

    /// <summary>The state of a run whose recipe and summary can be read.</summary>
    public static RunState Of(RunDirectory run, bool isFinished)
    {
        DirectoryHolder? holder = DirectoryLock.HolderOf(run.Path);
        if (holder is { IsAlive: true }) return RunState.Running;
        if (isFinished) return RunState.Finished;
        if (holder is not null) return RunState.Dead;
        FileInfo checkpoint = new(run.LastCheckpoint), log = new(run.Metrics);
        return checkpoint.Exists && (!log.Exists || log.LastWriteTimeUtc <= checkpoint.LastWriteTimeUtc + Together)
            ? RunState.Stopped : RunState.Interrupted;
    }
}

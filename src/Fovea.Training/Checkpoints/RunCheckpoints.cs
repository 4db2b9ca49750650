using System.Diagnostics;
using Fovea.Core.Files;
using Fovea.Nn;
using Fovea.Nn.Optimization;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Training.Checkpoints;

/// <summary>
/// Checkpoints of a run that trains: says when one is due, copies what it holds, and writes it on a thread of its own
/// while training goes on. One is written at a time. <c>last.safetensors</c> is replaced as a whole and is always the
/// newest; where several are kept, each is there under its step as well.
/// </summary>
/// <param name="run">Directory of the run.</param>
/// <param name="how">How often, and how many are kept.</param>
internal sealed class RunCheckpoints(RunDirectory run, RunSection how)
{
    private readonly CheckpointSnapshot _snapshot = new();
    private readonly Stopwatch _since = Stopwatch.StartNew();
    private Task _writing = Task.CompletedTask;

    /// <summary>Whether the recipe asks for a checkpoint after this step. One that is due by the clock is left out
    /// while another is being written; one that is due by the step never is, so that the steps that have one do not
    /// depend on the disk.</summary>
    /// <exception cref="CheckpointException">The one before could not be written.</exception>
    public bool IsDue(int step)
    {
        if (_writing.IsFaulted) Wait();
        return IsDueByStep(step) || IsDueByClock;
    }

    /// <summary>Whether the recipe asks for one after this step, whatever the clock says.</summary>
    public bool IsDueByStep(int step) => how.CheckpointEvery is int every && step % every == 0;

    /// <summary>Whether the recipe's minutes have passed since the last one.</summary>
    public bool IsDueByClock =>
        how.CheckpointMinutes is double minutes && _since.Elapsed.TotalMinutes >= minutes && _writing.IsCompleted;

    /// <summary>Copies what a checkpoint holds and begins to write it, after the one before is written.</summary>
    /// <exception cref="CheckpointException">The one before could not be written.</exception>
    public void Save(CheckpointHead head, Module module, Optimizer optimizer, WeightAverage? average)
    {
        Wait();
        _snapshot.Take(head, module, optimizer, average);
        _since.Restart();
        int step = head.State.Step;
        _writing = Task.Factory.StartNew(() => Write(step), CancellationToken.None, TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    /// <summary>Waits until the last one is on the disk.</summary>
    /// <exception cref="CheckpointException">It could not be written; the previous file is as it was.</exception>
    public void Wait()
    {
        Task writing = _writing;
        _writing = Task.CompletedTask;
        writing.GetAwaiter().GetResult();
    }

    /// <summary>Waits until nothing is written any more; an error is that of the next call.</summary>
    public void Settle() => Task.WaitAny(_writing);

    private void Write(int step)
    {
        AtomicFile.Write(run.LastCheckpoint, _snapshot.Write, whole =>
        {
            if (how.KeepCheckpoints > 1) FileNames.AddName(whole, run.StepCheckpoint(step), run.LastCheckpoint);
        });
        int before = how.KeepCheckpoints > 1 ? how.KeepCheckpoints : 0;
        foreach ((int of, string path) in run.StepCheckpoints())
        {
            // Later steps are of a future that a run had before it went on from an older checkpoint.
            if (of > step || before-- <= 0) Remove(path);
        }
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // One too many is kept; the next checkpoint tries again.
        }
    }
}

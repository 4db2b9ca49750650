using Fovea.Core.Collectives;
using Fovea.Core.Files;
using Fovea.Core.Formats;
using Fovea.Core.Timelines;
using Fovea.Data.Loading;
using Fovea.Nn.Optimization;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Evaluation;
using Fovea.Training.Observers;
using Fovea.Training.Ranks;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Vision;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training;

/// <summary>Trains a model: <see cref="TrainEpochs"/> is the loop, everything else serves it.</summary>
public sealed partial class Trainer
{
    private readonly TrainingParts _parts;
    private readonly Recipe _recipe;
    private readonly TrainingState _state;
    private readonly RunDirectory _run;
    private readonly RunLog _log;
    private readonly BatchGradients _gradients;
    private readonly RunCheckpoints _checkpoints;
    private readonly ShardedGradients? _sharded;
    private readonly ICollective _ranks;
    private readonly StateShards? _states;
    private readonly RankTimeline? _timeline;
    private readonly IRunObserver _observer;
    private readonly double _secondsBefore;
    private readonly double? _processorSecondsBefore;
    private readonly int _stepsBefore;
    private StepGuard? _guard;
    private bool _isRefusalTold;
    private TrainingStep? _late;
    private RunClock _clock = null!;   // of the time that Run takes
    private double _counted;   // until then time is in the sums
    private CancellationToken _stop;

    /// <param name="parts">Model, data and the rest; their state is where training goes on.</param>
    /// <param name="run">Directory of the results.</param>
    /// <param name="log">The run's log, at the same position as the parts.</param>
    /// <param name="observer">Listens to the run.</param>
    public Trainer(TrainingParts parts, RunDirectory run, RunLog log, IRunObserver observer)
    {
        _parts = parts;
        _recipe = parts.Recipe;
        _state = parts.State;
        _run = run;
        _log = log;
        _observer = observer;
        _gradients = new BatchGradients(parts);
        _checkpoints = new RunCheckpoints(run, _recipe.Run);
        _ranks = parts.Shards.Ranks;
        _timeline = _recipe.Run.Timeline is string file ? new RankTimeline(_ranks, file) : null;
        _sharded = parts.Shards.Shards == 1 && _ranks.Size == 1 ? null
            : new ShardedGradients(parts, _gradients, new CollectiveQueue(_ranks, _timeline?.Timeline));
        if (_recipe.Optimisation.ZeroState && _ranks.Size > 1) _states = new StateShards(_ranks, parts.Optimizer);
        _secondsBefore = _state.Seconds;
        _processorSecondsBefore = _state.Step == 0 ? 0 : _state.ProcessorSeconds;
        _stepsBefore = _state.Step;
        Plan = Describe();
    }

    /// <summary>The run from here on.</summary>
    public RunPlan Plan { get; }

    /// <summary>One rank writes files; all of them know the same.</summary>
    private bool Writes => _ranks.Rank == 0;

    private ImageClassifier Model => _parts.Model;

    private int StepsPerEpoch => _parts.TrainLoader.BatchesPerEpoch;

    /// <summary>Trains to the recipe's last epoch, tests the best weights and writes the summary.</summary>
    /// <param name="stop">Ends the run after the current step, with a checkpoint to go on from.</param>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> asked for it; the checkpoint is
    /// written.</exception>
    /// <exception cref="TrainingDivergedException">Numbers became infinite or NaN; the last checkpoint is from before
    /// that.</exception>
    /// <exception cref="CheckpointException">A checkpoint could not be written; the previous one is still
    /// there.</exception>
    public (RunSummary Summary, EvaluationResult Test) Run(CancellationToken stop)
    {
        using ShardedGradients? owned = _sharded;
        using RunClock clock = new();
        (_stop, _clock) = (stop, clock);
        _observer.Started(Plan);
        foreach (string note in _parts.Notes) _observer.Warned(note);
        if (_state.Step == 0)
        {
            foreach (string warning in _parts.Warnings) _observer.Warned(warning);
        }

        EvaluationResult test;
        EvaluationResult? training;
        try
        {
            if (_state.Step > 0) TakeUpBest(stop);
            TrainEpochs(stop);
            if (_timeline?.Write() is string written) _observer.Warned(written);
            (test, training) = TestBest(stop);
        }
        finally
        {
            _parts.Objective?.Leave();
            _checkpoints.Wait();
        }

        RunSummary summary = Summarise(test, training);
        Log(Event("end") with
        {
            TestLoss = summary.TestLoss,
            TestAccuracy = summary.TestAccuracy,
            TestMap = summary.TestMap,
            Seconds = summary.Seconds
        });
        if (Writes) AtomicFile.WriteText(_run.Summary, JsonText.Document(summary) + "\n");
        return (summary, test);
    }

    private void TrainEpochs(CancellationToken stop)
    {
        while (_state.Epoch < _recipe.Optimisation.Epochs)
        {
            _parts.Learner.Train();
            SetWindowEpoch(_state.Epoch);
            _parts.Objective?.Enter(_state.Epoch, _state.Batch);
            _counted = _clock.Seconds;
            foreach (Batch batch in Interruptible.Of(_parts.TrainLoader.Part(_state.Epoch, _state.Batch, StepsPerEpoch,
                _ranks.Size == 1 ? stop : default)))
            {
                TrainingStep step = Begin(batch);
                if (_late is not null) Complete(_late);   // while the device computes this one
                _late = step;
                bool isDue = IsCheckpointDue;   // by the clock it may be so a moment later
                if (step.Norm is not null || isDue) CompleteLate();
                if (isDue)
                {
                    SaveLast();
                    _counted = _clock.Seconds;
                }

                if (!(_sharded?.IsStopAsked ?? stop.IsCancellationRequested)) continue;
                CompleteLate();
                Interrupt(stop);
            }

            CompleteLate();
            if (_state.Batch < StepsPerEpoch) Interrupt(stop);   // asked for while a batch was waited for
            try
            {
                CompleteEpoch(stop);
            }
            catch (OperationCanceledException)
            {
                SaveLast();   // all batches done, not yet evaluated: a resumed run evaluates first
                throw;
            }

            SaveLast();
        }
    }

    /// <summary>Calls everything of a step. Where calls return with their results, loss and gradient are looked at
    /// before anything is changed; where they do not, the device itself leaves out an update that would break
    /// weights.</summary>
    private TrainingStep Begin(Batch batch)
    {
        IReadOnlyList<ParameterGroup> groups = _parts.Optimizer.Groups;
        double? limit = _recipe.Optimisation.ClipGradient;
        BatchResult result = _sharded?.Add(batch, _state.Step, _stop.IsCancellationRequested,
            Writes && _checkpoints.IsDueByClock)
            ?? _gradients.Add(batch, _state.Step);
        TellRefusal();
        _parts.Objective?.Differentiated(_state.Epoch);
        GradientList gradients = GradientList.Of(groups);
        StepGuard? guard = Update.BeginGuard(gradients.Tensors, limit, _guard);
        GradientNorm? norm = null;
        PendingNumbers? sums = null;
        if (guard is null)
        {
            norm = GradientNorm.Of(Update.SumsOfSquares(gradients.Tensors), gradients);
            RequireFinite(_state.Step + 1, _state.Epoch, result.Read().Loss, norm);
        }
        else
        {
            result.BeginRead();
            sums = _parts.Device.Backend.BeginRead([(guard.Sums, guard.Count)]);
            _guard?.Release();
            _guard = guard;
        }

        _observer.Differentiated(_state.Step + 1, _state.Batch + 1 == StepsPerEpoch, Model);

        // Step: clipping is a factor of the gradients.
        using (_timeline?.Timeline.Measure("compute", "update"))
        {
            SetLearningRate();
            if (guard is null) _parts.Optimizer.Step(limit is double maximum ? norm!.ClipScale(maximum) : 1);
            else _parts.Optimizer.Step(guard);
            _states?.Exchange();
            _parts.Optimizer.ZeroGradient();
            _parts.Average?.Update();
        }

        IReadOnlyDictionary<string, double>? measures = _parts.Objective?.TakeMeasures();
        _parts.Objective?.Stepped(_state.Step);

        // From here on the step counts.
        _state.Step++;
        _state.Batch++;
        if (_timeline?.Step() is string written) _observer.Warned(written);
        RequireSameWeights();
        return new(_state.Step, _state.Batch, _state.Epoch, batch.Count, _parts.Optimizer.LearningRate, result,
            gradients, norm, sums, measures);
    }

    /// <summary>Says once why passes are not compiled, where the recipe asks for it.</summary>
    private void TellRefusal()
    {
        if (_isRefusalTold || _gradients.Refusal is not string refusal) return;
        _isRefusalTold = true;
        _observer.Warned($"`compiled`: {refusal}");
    }

    /// <summary>Compares the weights of all ranks from time to time.</summary>
    private void RequireSameWeights()
    {
        if (_state.Step % _recipe.Run.CheckRanksEvery == 0
            && RankAgreement.FirstWithOtherWeights(_ranks, _parts.Learner) is int rank)
            throw new TrainingDivergedException(
                $"step {_state.Step}: rank {rank} has other weights than rank 0, though both added the same numbers: "
                    + "its processor, memory or network is not sound, or computes in another way (kinds of processors "
                    + "must not be mixed); go on from the last checkpoint without that machine.");
    }

    /// <summary>Takes a step's numbers into the sums and tells them.</summary>
    private void Complete(TrainingStep step)
    {
        using BatchResult result = step.Result;
        (double loss, int right) = result.Read();
        GradientNorm norm = step.Norm
            ?? GradientNorm.Of(Array.ConvertAll(step.Sums!.Wait(), value => (double)value), step.Gradients);
        RequireFinite(step.Step, step.Epoch, loss, norm);
        double end = _clock.Seconds, seconds = end - _counted;   // what was waited for its images, too
        _counted = end;
        _state.SinceLog.Add(loss, right, step.Images, seconds);
        _state.ThisEpoch.Add(loss, right, step.Images, seconds);
        _state.Total.Add(loss, right, step.Images, seconds);
        if (step.Measures is { } measures)
        {
            _state.SinceLog.Add(measures);
            _state.ThisEpoch.Add(measures);
        }

        Report(step, loss, norm.Total);
    }

    private void CompleteLate()
    {
        if (_late is not { } step) return;
        _late = null;
        Complete(step);
    }

    private void RequireFinite(int step, int epoch, double loss, GradientNorm norm)
    {
        IReadOnlyList<ParameterGroup> groups = _parts.Optimizer.Groups;
        if (!double.IsFinite(loss)) throw Diverged(DivergenceGuard.ExplainLoss(loss, groups), step, epoch);
        if (!double.IsFinite(norm.Total))
            throw Diverged(DivergenceGuard.ExplainGradient(_parts.Learner, groups, norm), step, epoch);
    }

    /// <summary>Evaluates and logs, with the averaged weights where there are any; from then on the epoch
    /// counts.</summary>
    private void CompleteEpoch(CancellationToken stop)
    {
        using IDisposable? swap = SwapIn();
        EvaluationResult? validation = Validate(stop);
        _state.Epoch++;
        _state.Batch = 0;
        ReportEpoch(validation);
        if (MeasuresOf(_state.ThisEpoch) is { } means && _parts.Objective?.Warning(means) is string warning)
            _observer.Warned($"epoch {_state.Epoch}: {warning}");
        _state.ThisEpoch.Clear();
        if (validation is not null && validation.Score <= _state.BestAccuracy) return;
        RequireFinite();
        SaveBest(validation);
    }

    /// <summary>The weights that are in the model now become the best ones.</summary>
    private void SaveBest(EvaluationResult? validation)
    {
        (_state.BestAccuracy, _state.BestEpoch) = (validation?.Score, _state.Epoch);
        _checkpoints.Wait();   // the best of an epoch is never there before the last of the epoch before
        if (Writes) CheckpointWriter.SaveWeights(_run.BestCheckpoint, Head(),
            _parts.Objective?.Result ?? Model);
    }

    /// <summary>Makes sure that the file of the best weights holds those that this run knows of: one that goes on from
    /// an older checkpoint finds those of a future that it has left.</summary>
    private void TakeUpBest(CancellationToken stop)
    {
        if (_state.Epoch == 0) return;
        Span<byte> isOwn = [Writes && HasOwnBest() ? (byte)1 : (byte)0];
        _ranks.Broadcast(isOwn);
        if (isOwn[0] == 1) return;
        bool isHere = _state.BestEpoch == _state.Epoch && _state.Batch == 0;
        if (isHere || _state.Epoch >= _recipe.Optimisation.Epochs)
        {
            using IDisposable? swap = SwapIn();
            SetWindowEpoch(_state.EpochOfWeights);
            if (!isHere) _observer.Warned($"{Lost()}those that the run goes on from are tested.");
            SaveBest(Validate(stop));
            return;
        }

        if (_state.BestEpoch is not null)
            _observer.Warned($"{Lost()}the best are chosen among the epochs after {_state.Epoch}.");
        (_state.BestAccuracy, _state.BestEpoch) = (null, null);

        string Lost() => _state.BestEpoch is int lost
            ? $"the best weights so far, of epoch {lost}, are no longer here: " : "";
    }

    private void SetWindowEpoch(int epoch) =>
        _parts.Learner.Context = _parts.Learner.Context with { Epoch = _recipe.WindowEpoch(epoch) };

    private bool HasOwnBest()
    {
        if (!File.Exists(_run.BestCheckpoint)) return false;
        try
        {
            using WeightFile file = ModelWeights.Open(_run.BestCheckpoint);
            TrainingState best = CheckpointReader.HeadOf(file).State;
            return (best.BestEpoch, best.BestAccuracy) == (_state.BestEpoch, _state.BestAccuracy);
        }
        catch (CheckpointException)
        {
            return false;
        }
    }

    /// <summary>The average, or weights that the optimiser means to be evaluated, of which each rank has those that it
    /// updates.</summary>
    private IDisposable? SwapIn()
    {
        if (_parts.Average is { } average) return average.SwapIn();
        IDisposable? swap = _parts.Optimizer.SwapIn();
        if (swap is not null) _states?.Exchange();
        return swap;
    }

    private EvaluationResult? Validate(CancellationToken stop)
    {
        if (_parts.Data.Validation.Count == 0) return null;
        return Evaluate(_parts.ValidationLoader, stop);
    }

    /// <summary>The best weights on the test images, and on some of the training images where that is
    /// wanted.</summary>
    private (EvaluationResult Test, EvaluationResult? Training) TestBest(CancellationToken stop)
    {
        if (Writes && _parts.Objective is not { Classifies: false })
        {
            using CheckpointReader best = CheckpointReader.Open(_run.BestCheckpoint);
            best.LoadWeights(Model);
        }

        RankExchange.Weights(_ranks, Model);
        SetWindowEpoch(Math.Max(0, (_state.BestEpoch ?? 1) - 1));   // the one that made them
        return (Evaluate(_parts.TestLoader, stop),
            _parts.TrainingSampleLoader is { } sample ? Evaluate(sample, stop) : null);
    }

    private EvaluationResult Evaluate(DataLoader images, CancellationToken stop)
    {
        EvaluationResult result = Evaluator.Run(Model, images, _parts.Data.Info.Classes, _parts.Device,
            ranks: _ranks, sets: _parts.Data.Info.LabelSets, stop: stop);
        return result.Count == 0 || double.IsFinite(result.Loss) ? result
            : throw Diverged(DivergenceGuard.ExplainLoss(result.Loss, _parts.Optimizer.Groups));
    }

    private void RequireFinite()
    {
        if (FiniteNumbers.FirstBroken(_parts.Learner, _parts.Optimizer, _parts.Average) is string broken)
            throw Diverged($"the step before left '{broken}' with numbers that are not finite");
    }

    private void SetLearningRate()
    {
        _parts.Optimizer.LearningRate = _recipe.Optimisation.PeakLearningRate * _parts.Schedule.Factor(_state.Step);
        _parts.Optimizer.WeightDecayFactor = _recipe.Optimisation.WeightDecayFactor(_state.Step,
            _recipe.Optimisation.Epochs * StepsPerEpoch);
        if (_parts.Schedule.Momentum(_state.Step) is double momentum) _parts.Optimizer.Momentum = momentum;
    }

    private bool IsCheckpointDue => _state.Batch < StepsPerEpoch
        && (_ranks.Size == 1 ? _checkpoints.IsDue(_state.Step)
            : _sharded!.IsSaveAsked || _checkpoints.IsDueByStep(_state.Step));

    private void Interrupt(CancellationToken stop)
    {
        SaveLast();
        throw new OperationCanceledException(stop);
    }

    /// <summary>Saves what training goes on from. Weights that the last step broke are not saved: what was there
    /// before is still good.</summary>
    private void SaveLast()
    {
        RequireFinite();
        (_state.Seconds, _state.ProcessorSeconds) = (Seconds(), ProcessorSeconds());
        void Save() => _checkpoints.Save(Head(), _parts.Learner, _parts.Optimizer, _parts.Average);
        if (_states is not null)
            _states.WithAll(() =>
            {
                if (Writes) Save();
            });
        else if (Writes) Save();
    }

    private TrainingDivergedException Diverged(string reason, int? step = null, int? epoch = null)
    {
        _checkpoints.Settle();
        string where = $"step {step ?? _state.Step + 1} (epoch {(epoch ?? _state.Epoch) + 1})";
        string kept = Writes && File.Exists(_run.LastCheckpoint) ? $"the last good checkpoint is {_run.LastCheckpoint}"
            : "there was no checkpoint yet";
        return new($"{where}: {reason}; {kept}; try a smaller `lr`, a longer `warmup-epochs` or `clip-grad`.");
    }

    private CheckpointHead Head() => new(_recipe, _parts.Info, _state);

    private double Seconds() => _secondsBefore + _clock.Seconds;

    private double? ProcessorSeconds() => _ranks.Size == 1 ? _processorSecondsBefore + _clock.ProcessorSeconds : null;
}

using Fovea.Data.Datasets.Splits;
using Fovea.Training.Checkpoints;
using Fovea.Training.Evaluation;
using Fovea.Training.Observers;
using Fovea.Training.Ranks;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;

namespace Fovea.Training;

/// <content>What a run tells its log and its observer.</content>
public sealed partial class Trainer
{
    private void Report(TrainingStep step, double loss, double gradientNorm)
    {
        MetricSums epoch = _state.ThisEpoch;
        _observer.Progressed(new StepProgress(
            step.Epoch + 1, step.Step, step.StepInEpoch, loss, epoch.Loss, AccuracyOf(epoch), step.LearningRate,
            epoch.ImagesPerSecond, Remaining()));
        if (step.Step % _recipe.Run.LogEvery != 0) return;
        RunEvent entry = Event("step") with
        {
            Step = step.Step,
            TrainLoss = _state.SinceLog.Loss,
            TrainAccuracy = AccuracyOf(_state.SinceLog),
            Measures = MeasuresOf(_state.SinceLog),
            Lr = step.LearningRate,
            GradientNorm = gradientNorm,
            ImagesPerSecond = _state.SinceLog.ImagesPerSecond,
            Seconds = Seconds(),
        };
        _state.SinceLog.Clear();
        Log(entry with { Epoch = step.Epoch + 1 });
    }

    private void ReportEpoch(EvaluationResult? validation) => Log(Event("epoch") with
    {
        TrainLoss = _state.ThisEpoch.Loss,
        TrainAccuracy = AccuracyOf(_state.ThisEpoch),
        Measures = MeasuresOf(_state.ThisEpoch),
        ValLoss = validation?.Loss,
        ValAccuracy = validation?.Top1,
        ValMap = validation?.MultiLabel?.MeanAveragePrecision,
        Lr = _parts.Optimizer.LearningRate,
        ImagesPerSecond = _state.ThisEpoch.ImagesPerSecond,
        Seconds = Seconds(),
    });

    /// <summary>Share of images classified correctly; null where no classes are learned.</summary>
    private double? AccuracyOf(MetricSums sums) => _parts.Objective is { Classifies: false } ? null : sums.Accuracy;

    /// <summary>Means of what else is measured, as the objective tells them.</summary>
    private IReadOnlyDictionary<string, double>? MeasuresOf(MetricSums sums) =>
        sums.Means() is { } means ? _parts.Objective?.Told(means) ?? means : null;

    /// <summary>Time that is left, by the mean time of a step in this process, evaluation included.</summary>
    private TimeSpan Remaining()
    {
        double perStep = _clock.Seconds / (_state.Step - _stepsBefore);
        return TimeSpan.FromSeconds(perStep * (_recipe.Optimisation.Epochs * StepsPerEpoch - _state.Step));
    }

    private void Log(RunEvent entry)
    {
        _log.Add(entry);
        _observer.Logged(entry);
    }

    private RunEvent Event(string name) => new() { Event = name, Epoch = _state.Epoch, Step = _state.Step };

    private RunPlan Describe() => new()
    {
        Recipe = _recipe,
        Used = UsedRecipe.Of(_parts),
        Parameters = Model.ParameterCount,
        Weights = _parts.Weights,
        Images = (_parts.Data.Train.Count, _parts.Data.Validation.Count, _parts.Data.Test.Count),
        ClassNames = _parts.Data.Info.ClassNames,
        DatasetNotes = _parts.Data.Notes,
        Idle = [.. IdleFields.Of(_recipe,
            _parts.Data is { ValidationOrigin: DatasetSplits.Published, Validation.Count: > 0 })],
        ValidationOrigin = _parts.Data.ValidationOrigin,
        StepsPerEpoch = StepsPerEpoch,
        StepsDone = _state.Step,
        Ranks = _ranks.Size == 1 ? null : $"{_ranks.Size} ranks of {_ranks.Name}",
        Directory = _run.Path,
    };

    private RunEvent? BestEvent => _log.Events.LastOrDefault(entry => entry.Event == "epoch"
        && entry.Epoch == _state.BestEpoch);

    private RunSummary Summarise(EvaluationResult test, EvaluationResult? training) => new()
    {
        Model = _recipe.Model.Name,
        Parameters = Model.ParameterCount,
        Dataset = _parts.Data.Info.Name,
        Epochs = _state.Epoch,
        Steps = _state.Step,
        TrainAccuracy = training?.Top1,
        TrainLoss = training?.Loss,
        TrainImages = training?.Count,
        BestValAccuracy = _parts.Data.Info.IsMultiLabel ? BestEvent?.ValAccuracy : _state.BestAccuracy,
        BestValMap = _parts.Data.Info.IsMultiLabel ? _state.BestAccuracy : null,
        TestMap = test.MultiLabel?.MeanAveragePrecision,
        ValLoss = BestEvent?.ValLoss,
        BestEpoch = _state.BestEpoch,
        TestAccuracy = test.Count > 0 ? test.Top1 : null,
        TestLoss = test.Count > 0 ? test.Loss : null,
        ImagesPerSecond = _state.Total.ImagesPerSecond,
        PeakMemoryBytes = Machine.PeakMemoryBytes,
        Seconds = Seconds(),
        ProcessorSeconds = ProcessorSeconds(),
        SkippedImages = _parts.Data.SkippedImages is { } skipped
            ? RankExchange.CountOfAll(_ranks, [.. skipped]) : null,   // ranks may have met the same one
        Seed = _recipe.Run.Seed,
        Version = Machine.Version,
    };
}

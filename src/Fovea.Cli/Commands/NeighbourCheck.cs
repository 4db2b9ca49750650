using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Collectives;
using Fovea.Core.Formats;
using Fovea.Data.Datasets.Splits;
using Fovea.Lab.Probing;
using Fovea.Tensors;
using Fovea.Training.Observers;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;

namespace Fovea.Cli.Commands;

/// <summary>The end of <c>fovea pretrain</c>: classifies the test images by their nearest training images, where the
/// dataset has classes, so that one sees what was learned.</summary>
internal sealed class NeighbourCheck : IRunObserver
{
    private const int MostTrain = 10_000, MostTest = 2_000, Batch = 64;
    private const double Temperature = 0.07;

    private readonly Option<int> _neighbours = Make.Of("--knn", ValueForm.Whole(0, 10_000), 20,
        "Nearest images that vote at the end, where the images have classes; 0: no check");
    private readonly Terminal _terminal;
    private RunPlan? _plan;

    /// <summary>Gives a command the option of the check.</summary>
    public NeighbourCheck(Command command, Terminal terminal)
    {
        _terminal = terminal;
        command.Add(_neighbours);
    }

    public void Started(RunPlan plan) => _plan = plan;

    /// <summary>Extracts the features of a few thousand images, and says how many have the class of their
    /// neighbours.</summary>
    public void Run(ParseResult parsed, bool isQuiet, bool isJson, CancellationToken stop)
    {
        int k = parsed.GetValue(_neighbours);
        if (k == 0 || isQuiet || _plan is null || Collective.Open().Rank > 0) return;
        Recipe recipe = _plan.Recipe;
        DatasetSplits data = DatasetChoice.Load(recipe with { Data = recipe.Data with { TrainLimit = null } }, null,
                stop)
            .Limit(Math.Min(MostTrain, recipe.Data.TrainLimit ?? MostTrain), MostTest, recipe.Run.Seed);
        if (data.Info.Classes < 2 || data.Test.Count == 0 || data.Train.Count == 0) return;
        Device device = Device.Open(recipe.Run.Device, recipe.Run.Threads, recipe.Run.Precision);
        FrozenModel model = FrozenModel.Load(_plan.Directory, null, device);
        double accuracy = NearestNeighbours.Accuracies(model.Extract(data.Train, Batch, stop),
            model.Extract(data.Test, Batch, stop), [k], Temperature, device, stop)[0];
        if (isJson)
            _terminal.Output.WriteLine(JsonText.Line(new
            {
                Event = "knn",
                K = k,
                Accuracy = accuracy,
                TrainImages = data.Train.Count,
                TestImages = data.Test.Count
            }));
        else
            _terminal.Output.WriteLine(Printable.Line($"{"check",-9} accuracy {Phrases.Percent(accuracy)} by the {k} "
                + $"nearest of {Phrases.Count(data.Train.Count)} training images, on {Phrases.Count(data.Test.Count)} "
                + $"test images (chance: {Phrases.Percent(1.0 / data.Info.Classes)})"));
    }
}

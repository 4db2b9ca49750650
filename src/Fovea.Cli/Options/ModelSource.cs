using System.CommandLine;
using Fovea.Data;
using Fovea.Data.Datasets.Splits;
using Fovea.Tensors;
using Fovea.Training.Models;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;

namespace Fovea.Cli.Options;

/// <summary>The argument and options of commands that use a trained model: which one, on which images, on which
/// device.</summary>
internal sealed class ModelSource
{
    private readonly Argument<string> _path = new("RUN")
    {
        Description = "Run directory (its best checkpoint), checkpoint, or with --model a file of weights"
    };
    private readonly Option<string?> _model = Make.Text("--model", "NAME",
        "Preset that a file of weights is of; a run knows its own");
    private readonly Option<string?> _dataset = Make.Text("--dataset", "NAME",
        "Dataset; the one of the training unless given");
    private readonly Option<string?> _data = Make.Text("--data", "DIR", "Its folder; as in the training unless given",
        "--data-dir");
    private readonly Option<string> _split = Make.Choice("--split", "Which part", "test", "val", "train");
    private readonly Option<string> _device = Make.Device();
    private readonly Option<int?> _threads = Make.Count("--threads", "Threads that compute; all cores unless given");

    public ModelSource(Command command)
    {
        command.Add(_path);
        foreach (Option option in new Option[] { _model, _dataset, _data, _split, _device, _threads })
            command.Add(option);
    }

    public TrainedModel Model(ParseResult parsed)
    {
        Device device = Device.Open(parsed.GetRequiredValue(_device), parsed.GetValue(_threads));
        if (parsed.GetValue(_model) is not string name)
            return TrainedModel.Load(parsed.GetRequiredValue(_path), device);
        Recipe recipe = Recipe.Default with
        {
            Model = new ModelSection { Name = name },
            Data = new DataSection { Dataset = parsed.GetValue(_dataset), Directory = parsed.GetValue(_data) },
        };
        return TrainedModel.FromWeights(parsed.GetRequiredValue(_path), recipe, DatasetChoice.Load(recipe).Info,
            device);
    }

    public string Split(ParseResult parsed) => parsed.GetRequiredValue(_split);

    /// <summary>Images of the dataset; held out and cut as in the training, so that the parts stay apart.</summary>
    public IImageDataset Images(ParseResult parsed, Recipe training, int? limit = null)
    {
        DataSection data = training.Data with { EvaluationLimit = limit };
        if (parsed.GetValue(_dataset) is string name) data = data with { Dataset = name, Directory = null };
        if (parsed.GetValue(_data) is string directory) data = data with { Directory = directory };
        // of others
        if ((data.Dataset, data.Directory) != (training.Data.Dataset, training.Data.Directory))
            data = data with { Cache = null };
        DatasetSplits splits = DatasetChoice.Load(training with { Data = data });
        return Split(parsed) switch { "train" => splits.Train, "val" => splits.Validation, _ => splits.Test };
    }
}

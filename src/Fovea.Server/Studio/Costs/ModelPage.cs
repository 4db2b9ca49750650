using System.Collections.Concurrent;
using Fovea.Lab.Estimation;
using Fovea.Server.Endpoints;
using Fovea.Server.Studio.Runs;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Tokens;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server.Studio.Costs;

/// <summary>The model of a run: its parts, their parameters and operations, and what other attention would cost.
/// Nothing is loaded for it but the head of a checkpoint.</summary>
internal sealed class ModelPage(RunFolders folders)
{
    private const int MostKept = 20;

    private readonly ConcurrentDictionary<ModelConfig, IReadOnlyList<AttentionCost>> _costs = new();

    /// <summary>Structure, parameters and operations.</summary>
    public async Task Model(HttpContext context)
    {
        Place place = folders.Find(context.Request.Query["run"]);
        ModelAnswer answer = await Task.Run(() => Describe(ConfigOf(place, out string name, out string? note), name,
            note), context.RequestAborted).ConfigureAwait(false);
        await Answers.Json(context, 200, answer).ConfigureAwait(false);
    }

    /// <summary>Costs of the model with each attention mechanism.</summary>
    public async Task Costs(HttpContext context)
    {
        Place place = folders.Find(context.Request.Query["run"]);
        IReadOnlyList<AttentionCost> costs = await Task.Run(() => CostsOf(ConfigOf(place, out _, out _)),
            context.RequestAborted).ConfigureAwait(false);
        await Answers.Json(context, 200, new { Costs = costs }).ConfigureAwait(false);
    }

    private ModelConfig ConfigOf(Place place, out string name, out string? note)
    {
        RunDirectory run = new(place.Path);
        if (CheckpointFiles.Of(run) is [CheckpointFile file, ..] && folders.Owns(file.Path))
        {
            using CheckpointReader reader = CheckpointReader.Open(file.Path);
            (name, note) = (reader.Head.Recipe.Model.Name, null);
            return ModelChoice.Configure(reader.Head.Recipe, reader.Head.Data);
        }

        Recipe recipe = RunRecord.ReadRecipe(run);
        name = recipe.Model.Name;
        note = "There is no checkpoint yet: image channels and classes are the preset's.";
        return ModelChoice.Configure(recipe, null);
    }

    private static ModelAnswer Describe(ModelConfig config, string name, string? note)
    {
        ImageClassifier model = config.Build();
        ForwardCost cost = model.CountForward();
        ParameterAnswer[] parameters = [.. model.NamedParameters().Select(entry =>
            new ParameterAnswer(entry.Name, $"{entry.Parameter.Shape}", entry.Parameter.Shape.Elements))];
        List<MacsAnswer> macs = [new("embedding", cost.Embedding)];
        if (model is IAttentionModel attentive)
        {
            TokenGrid grid = attentive.GridOf(config.ImageSize, config.ImageSize);
            double attention = attentive.Mechanisms.Sum(mechanism => mechanism.Macs(grid));
            macs.Add(new("attention between tokens", attention));
            macs.Add(new("projections and MLPs of the blocks", cost.Blocks - attention));
        }
        else macs.Add(new("blocks", cost.Blocks));
        macs.Add(new("head", cost.Head));
        return new(name, note, config.Describe().Attention?.ToString(), config.ImageSize, config.Channels,
            config.Classes, model.ParameterCount, cost.Macs, macs,
            [.. parameters.GroupBy(one => PartOf(one.Name)).Select(group =>
                new PartAnswer(group.Key, group.Sum(one => one.Count), [.. group]))]);
    }

    /// <summary>Part of the model that a parameter belongs to: a block, or what stands before the first dot.</summary>
    private static string PartOf(string name)
    {
        string[] path = name.Split('.');
        return path.Length > 2 && path[0] == "blocks" && int.TryParse(path[1], out int block) ? $"block {block + 1}"
            : path[0];
    }

    private IReadOnlyList<AttentionCost> CostsOf(ModelConfig config)
    {
        if (config.Describe().Attention is not AttentionList own) return [];
        if (_costs.TryGetValue(config, out IReadOnlyList<AttentionCost>? known)) return known;
        List<AttentionCost> costs = [Cost($"{own}", config, isOwn: true)];
        foreach (AttentionEntry entry in AttentionCatalogue.All)
        {
            if (entry.Name == $"{own}") continue;
            try
            {
                ModelConfig other = config.Apply(new() { Attention = entry.Name });
                other.Validate();
                costs.Add(Cost(entry.Name, other, isOwn: false));
            }
            catch (UsageException error)
            {
                costs.Add(new(entry.Name, IsOwn: false, error.Message, 0, 0, 0, 0, 0));
            }
        }

        if (_costs.Count > MostKept) _costs.Clear();
        return _costs[config] = costs;
    }

    private static AttentionCost Cost(string name, ModelConfig config, bool isOwn)
    {
        ModelCost training = ModelCost.OfTraining(config), inference = ModelCost.OfInference(config);
        return new(name, isOwn, null, training.Parameters, inference.FlopsPerImage / 2, training.FlopsPerImage,
            training.ActivationBytesPerImage, training.BytesPerImage);
    }
}

/// <summary>A model.</summary>
internal sealed record ModelAnswer(string Name, string? Note, string? Attention, int ImageSize, int Channels,
    int Classes, long Parameters, double Macs, IReadOnlyList<MacsAnswer> MacsByPart, IReadOnlyList<PartAnswer> Parts);

/// <summary>Multiply-adds of a part in one image's forward pass.</summary>
internal sealed record MacsAnswer(string Part, double Macs);

/// <summary>A part of a model with its parameters.</summary>
internal sealed record PartAnswer(string Name, long Count, IReadOnlyList<ParameterAnswer> Parameters);

/// <summary>A parameter.</summary>
internal sealed record ParameterAnswer(string Name, string Shape, long Count);

/// <summary>Costs of a model with an attention mechanism, of one image.</summary>
/// <param name="Attention">The mechanism.</param>
/// <param name="IsOwn">The run uses it.</param>
/// <param name="Problem">Why the model cannot have it.</param>
/// <param name="Parameters">Values that training can change.</param>
/// <param name="Macs">Multiply-adds of the forward pass.</param>
/// <param name="TrainingFlops">Operations of its share of a training step.</param>
/// <param name="ActivationBytes">Bytes of its activations at the peak of a training step.</param>
/// <param name="MovedBytes">Bytes read and written in its share of a training step.</param>
internal sealed record AttentionCost(string Attention, bool IsOwn, string? Problem, long Parameters, double Macs,
    double TrainingFlops, double ActivationBytes, double MovedBytes);

using Fovea.Data;
using Fovea.Training.Recipes;
using Fovea.Training.Setup;
using Fovea.Vision;

namespace Fovea.Lab.Studies;

/// <summary>Finds weights that do not fit the models of a study before anything is trained.</summary>
internal sealed class FittingWeights
{
    private readonly HashSet<string> _models = [];
    private readonly Dictionary<(string, string), string?> _known = [];
    private bool _isWrong;

    /// <summary>The advice where one file was given to several models and fits not all of them; otherwise
    /// null.</summary>
    public string? Remedy => _isWrong && _models.Count > 1
        ? "Weights are those of one model: give each model its own by `override` in the study, for instance "
            + "'override: [{ when: { model: vit }, weights: FILE }]', or let each find its published ones by "
            + "`pretrained`."
        : null;

    /// <summary>Checks the weights that a recipe names, without reading their values.</summary>
    /// <param name="recipe">A resolved recipe.</param>
    /// <param name="model">Its model; needs no memory.</param>
    /// <param name="data">Its dataset.</param>
    /// <exception cref="UsageException">There are none, or they do not fit.</exception>
    public void Require(Recipe recipe, ImageClassifier model, DatasetInfo data)
    {
        if (PretrainedWeights.Resolve(recipe).Model.Weights is not string path) return;
        _models.Add(recipe.Model.Name);
        (string, string) key = (path, $"{recipe.Model with { Weights = null }} {data.Name} {recipe.Data.Classes}");
        if (!_known.TryGetValue(key, out string? problem)) _known[key] = problem = ProblemOf(recipe, path, model, data);
        if (problem is null) return;
        _isWrong = true;
        throw new UsageException($"weights: {problem}");
    }

    private static string? ProblemOf(Recipe recipe, string path, ImageClassifier model, DatasetInfo data)
    {
        if (PretrainedWeights.Listed(path) is not null)
        {
            if (PretrainedWeights.Missing(recipe) is not null) return null;   // fetched when it is needed
        }
        else if (!Path.Exists(path)) return $"there is neither a file nor a directory '{path}'.";
        try
        {
            FineTuning.RequireFit(model, path, recipe, data);
            return null;
        }
        catch (FoveaException error) when (error is UsageException or CheckpointException or DataException)
        {
            return error.Remedy is null ? error.Message : $"{error.Message} {error.Remedy}";
        }
    }
}

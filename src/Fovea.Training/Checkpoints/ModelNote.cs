using System.Text.Json;
using System.Text.Json.Serialization;
using Fovea.Core.Formats;
using Fovea.Core.Options;
using Fovea.Data;
using Fovea.Training.Recipes;
using Fovea.Vision;
using Fovea.Vision.Models;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Training.Checkpoints;

/// <summary>
/// What files of weights that are written here say in their metadata about the model that they are of, so that they
/// come back as that model: attention, norms and the view of images change no tensor's shape, or not one that tells
/// them.
/// </summary>
/// <param name="Parts">Fields of the recipe that describe the model and how images are cut, by name, where they are not
/// the usual ones; <c>model</c> always.</param>
/// <param name="ImageSize">Side of the images, pixels.</param>
/// <param name="Channels">Channels of the images.</param>
/// <param name="Height">Rows of the training images, pixels, which tell how others are cut.</param>
/// <param name="Width">Columns of the training images.</param>
internal sealed record ModelNote(IReadOnlyDictionary<string, string> Parts, int ImageSize, int Channels, int Height,
    int Width)
{
    private const string Key = "fovea_model", NameField = "model";

    /// <summary>Fields of the model that say where weights come from, not what they are of.</summary>
    private static readonly string[] Sources = ["weights", "pretrained", "strict", "allow-partial"];

    private static readonly RecipeField[] Fields = [.. RecipeFields.All.Where(field => !field.IsShorthand
        && ((field.Section == RecipeFields.ModelTitle && !Sources.Contains(field.Name))
            || field.Name is "crop-pct" or "interpolation"))];

    /// <summary>Canonical name of the preset.</summary>
    [JsonIgnore]
    public string Preset => Presets.Find(Parts[NameField]).Name;

    /// <summary>The note on a model.</summary>
    /// <param name="recipe">That it was trained with.</param>
    /// <param name="imageSize">Side of the images of the model that is written, pixels.</param>
    /// <param name="data">The dataset that it was trained with.</param>
    /// <param name="windowEpoch">Epoch of attention's windows in which it was trained.</param>
    public static ModelNote Of(Recipe recipe, int imageSize, DatasetInfo data, int windowEpoch)
    {
        bool follows = recipe.Model.Attention?.Specs.Any(AttentionWindows.FollowEpochs) == true;
        recipe = recipe with { Model = recipe.Model with { AttentionEpoch = follows ? windowEpoch : null } };
        // where the size followed from the dataset, it does so for the next one
        if (recipe.Model.ImageSize is not null)
            recipe = recipe with { Model = recipe.Model with { ImageSize = imageSize } };
        return new(Fields.Where(field => field.Name == NameField
            || field.Read(recipe) != field.Read(Recipe.Default))
            .ToDictionary(field => field.Name, field => field.Read(recipe)), imageSize, data.Channels,
            data.Height, data.Width);
    }

    /// <summary>The note in a file, or on the model of a checkpoint; null: it says nothing.</summary>
    /// <exception cref="CheckpointException">What it says is damaged, or of a version that is not known.</exception>
    public static ModelNote? Of(WeightFile file)
    {
        if (ModelWeights.IsCheckpoint(file))
        {
            CheckpointHead head = CheckpointReader.HeadOf(file);
            ModelSection model = head.Recipe.Model;
            return Of(head.Recipe, model.SizeFor(Presets.Find(model.Name).Config, head.Data), head.Data,
                head.WindowEpoch);
        }

        if (!file.Metadata.TryGetValue(Key, out string? text)) return null;
        try
        {
            ModelNote note = JsonText.Read<ModelNote>(text);
            Check.That(note.Parts?.ContainsKey(NameField) == true, "it names no model.");
            Check.That(note.Channels is 1 or 3, $"channels must be 1 or 3, got {note.Channels}.");
            foreach ((string what, int size) in ((string, int)[])[("image_size", note.ImageSize),
                ("height", note.Height), ("width", note.Width)])
                Check.Between(1, SizeForms.MostPixels, size, what);
            _ = note.Into(Recipe.Default, file.Path);
            _ = note.Preset;
            return note;
        }
        catch (Exception error) when (error is JsonException or UsageException)
        {
            throw new CheckpointException($"{file.Path}: its metadata '{Key}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The dataset of the file that has the note.</summary>
    public DatasetInfo DataOf(WeightFile file) => ModelWeights.DataOf(file, Presets.Find(Preset).Config);

    /// <summary>A recipe of the model, otherwise as usual.</summary>
    /// <param name="path">The file, for messages.</param>
    public Recipe ToRecipe(string path) => Into(Recipe.Default, path);

    /// <summary>A recipe of the model for images of its size.</summary>
    /// <inheritdoc cref="ToRecipe"/>
    public Recipe ToSizedRecipe(string path)
    {
        Recipe recipe = ToRecipe(path);
        return recipe with { Model = recipe.Model with { ImageSize = recipe.Model.ImageSize ?? ImageSize } };
    }

    /// <summary>A recipe with what it leaves open of the model and the view of images.</summary>
    /// <param name="recipe">Names the model.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="UsageException">It names another model.</exception>
    public Recipe Complete(Recipe recipe, string path)
    {
        if (Presets.Find(recipe.Model.Name).Name != Preset)
            throw new UsageException($"'{path}' holds weights of '{Preset}', as it says itself, not of "
                + $"'{recipe.Model.Name}'; leave the name out.")
            { Field = NameField };
        Recipe own = ToSizedRecipe(path);
        foreach (RecipeField field in Fields)
            if (field.Name != NameField && field.Read(recipe) == field.Read(Recipe.Default))
                recipe = field.Write(recipe, field.Read(own), path);
        return recipe;
    }

    /// <summary>Adds the note to metadata.</summary>
    public void AddTo(Dictionary<string, string> metadata) => metadata[Key] = JsonText.Line(this);

    private Recipe Into(Recipe recipe, string path)
    {
        foreach ((string name, string value) in Parts)
        {
            RecipeField field = Fields.FirstOrDefault(one => one.Name == name)
                ?? throw new UsageException($"there is no field '{name}' of a model in this version.");
            recipe = field.Write(recipe, value, path);
        }

        return recipe;
    }
}

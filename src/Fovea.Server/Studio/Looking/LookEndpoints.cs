using System.Collections.Concurrent;
using Fovea.Lab.Explanations;
using Fovea.Plotting.Canvas;
using Fovea.Server.Endpoints;
using Fovea.Server.Models;
using Fovea.Server.Requests;
using Fovea.Server.Settings;
using Fovea.Server.Studio.Runs;
using Fovea.Training.Runs;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server.Studio.Looking;

/// <summary>Looks at images with the models of runs.</summary>
internal sealed class LookEndpoints(RunFolders folders, ModelCache models, ServerOptions options, BodyReader bodies)
{
    private const int Top = 10;
    private const int MostFixed = 50;

    /// <summary>By the run's id and its recipe: another run may come in its place.</summary>
    private readonly ConcurrentDictionary<(string Id, FileStamp? Recipe), FixedImage> _fixed = new();

    /// <summary>Everything that a model makes of an image: classes, attention by block and head, rollout, relevance,
    /// places that are read.</summary>
    public async Task Look(HttpContext context)
    {
        using ByteBudget.Share share = bodies.Begin();
        ImageRequest request = await bodies.Read(context.Request, share, ["run", "checkpoint", "class", "theme"],
            context.RequestAborted).ConfigureAwait(false);
        Upload image = Only(request);
        Place place = folders.Find(request.Setting("run"));
        Theme theme = ThemeOf(request.Setting("theme"));
        string? target = request.Setting("class") is { Length: > 0 } name ? name : null;
        LookAnswer answer = await models.Use(place, request.Setting("checkpoint"), model =>
        {
            ImageExplanation explained = Explainer.Explain(model.Trained, model.Prepare(image, options.Image), target);
            return new LookAnswer(place.Id, model.Trained.Head.Recipe.Model.Name, model.File.Name,
                model.Trained.Head.State.Epoch, model.ClassNames[explained.Target],
                [.. Enumerable.Range(0, explained.Probabilities.Length)
                    .OrderByDescending(label => explained.Probabilities[label]).Take(Top)
                    .Select(label => new ClassProbability(model.ClassNames[label], explained.Probabilities[label]))],
                [.. explained.Figures.Select(figure => FigureAnswer.Of(figure, theme))]);
        }, context.RequestAborted).ConfigureAwait(false);
        await Answers.Json(context, 200, answer).ConfigureAwait(false);
    }

    /// <summary>Results of the checkpoints of a run that make of one image.</summary>
    public async Task Watched(HttpContext context)
    {
        Place place = folders.Find(context.Request.Query["run"]);
        if (_fixed.Count > MostFixed) _fixed.Clear();
        (string Id, FileStamp? Recipe) key = KeyOf(place);
        FixedImage image = _fixed.GetOrAdd(key, _ => new FixedImage(place, null));
        FixedImageAnswer answer = await image.Look(models, options.Image, context.RequestAborted)
            .ConfigureAwait(false);
        if (answer.Problem is not null) _fixed.TryRemove(key, out _);   // the images may be there the next time
        await Answers.Json(context, 200, answer).ConfigureAwait(false);
    }

    /// <summary>Takes another image to be watched.</summary>
    public async Task Watch(HttpContext context)
    {
        using ByteBudget.Share share = bodies.Begin();
        ImageRequest request = await bodies.Read(context.Request, share, ["run"], context.RequestAborted)
            .ConfigureAwait(false);
        Upload image = Only(request);
        Place place = folders.Find(request.Setting("run"));
        FixedImage taken = new(place, image with { Bytes = image.Bytes.ToArray() });
        FixedImageAnswer answer = await taken.Look(models, options.Image, context.RequestAborted)
            .ConfigureAwait(false);
        _fixed[KeyOf(place)] = taken;   // only one that could be read
        await Answers.Json(context, 200, answer).ConfigureAwait(false);
    }

    /// <summary>Figures of a model that depend on no image: filters, positions, windows.</summary>
    public async Task Figures(HttpContext context)
    {
        Place place = folders.Find(context.Request.Query["run"]);
        Theme theme = ThemeOf(context.Request.Query["theme"]);
        FigureAnswer[] figures = await models.Use(place, null, model => Explainer.OfModel(model.Trained)
            .Select(figure => FigureAnswer.Of(figure, theme)).ToArray(), context.RequestAborted)
            .ConfigureAwait(false);
        await Answers.Json(context, 200, new { Figures = figures }).ConfigureAwait(false);
    }

    private static (string Id, FileStamp? Recipe) KeyOf(Place place) =>
        (place.Id, FileStamp.Of(new RunDirectory(place.Path).Config));

    private static Upload Only(ImageRequest request) => request.Images.Count == 1 ? request.Images[0]
        : throw new RequestException(400, "one image is looked at at a time.");

    private static Theme ThemeOf(string? name) => name == "dark" ? Theme.Dark : Theme.Light;
}

/// <summary>Result of a model that looks of an image.</summary>
internal sealed record LookAnswer(string Run, string Model, string Checkpoint, int Epoch, string Explained,
    IReadOnlyList<ClassProbability> Classes, IReadOnlyList<FigureAnswer> Figures);

/// <summary>A figure, as PNG in base64, with the numbers that stand below it.</summary>
internal sealed record FigureAnswer(string Name, string Title, string Png,
    IReadOnlyList<IReadOnlyList<string>>? Table)
{
    public static FigureAnswer Of(ExplainedFigure figure, Theme theme) => new(figure.Name,
        Shown.Line(figure.Figure.Title), Convert.ToBase64String(figure.Figure.ToPng(theme, scale: 1.5)), figure.Table);
}

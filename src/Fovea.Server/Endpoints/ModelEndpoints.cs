using System.Globalization;
using Fovea.Data.Codecs;
using Fovea.Data.Codecs.Decoding;
using Fovea.Lab.Explanations;
using Fovea.Server.Batching;
using Fovea.Server.Metering;
using Fovea.Server.Models;
using Fovea.Server.Requests;
using Fovea.Server.Settings;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server.Endpoints;

/// <summary>Work of the server with models: classify, features, explain, list.</summary>
internal sealed class ModelEndpoints(ModelShelf shelf, ServerOptions options, BodyReader bodies, ServerMetrics metrics)
    : IDisposable
{
    private const int UsualTop = 5;

    private readonly SemaphoreSlim _decoding = new(Environment.ProcessorCount);

    /// <summary>The most probable classes of images.</summary>
    public Task Classify(HttpContext context) => Run(context, ["model", "top"], async (model, request, admission) =>
    {
        int top = TopOf(request, model.ClassNames.Count);
        ImageResult[] results = await ComputeEach(model, request, admission, ModelOutput.Scores,
            (name, scores) => Classified(name, model.Trained.Probabilities(scores), model.ClassNames, top),
            context.RequestAborted)
            .ConfigureAwait(false);
        await Answers.Json(context, 200, new ResultsAnswer(NameOf(request), model.Trained.Path, results))
            .ConfigureAwait(false);
    });

    /// <summary>Pooled features of images.</summary>
    public Task Features(HttpContext context) => Run(context, ["model"], async (model, request, admission) =>
    {
        ImageResult[] results = await ComputeEach(model, request, admission, ModelOutput.Features,
            (name, features) => new() { Image = name, Features = features }, context.RequestAborted)
            .ConfigureAwait(false);
        await Answers.Json(context, 200, new ResultsAnswer(NameOf(request), model.Trained.Path, results))
            .ConfigureAwait(false);
    });

    /// <summary>One image with a map of where the model looks, as PNG.</summary>
    public Task Explain(HttpContext context) => Run(context, ["model", "kind", "class"],
        async (model, request, admission) =>
        {
            if (request.Images.Count > 1) throw new RequestException(400, "one image is explained at a time.");
            OverlayKind kind = request.Setting("kind") switch
            {
                null or "relevance" => OverlayKind.Relevance,
                "rollout" => OverlayKind.Rollout,
                string other => throw new RequestException(400,
                    NearestName.Message("kind", Short(other), ["relevance", "rollout"])),
            };
            if (kind == OverlayKind.Relevance && !model.HasRelevance)
                throw new RequestException(501, "this server computes in int8, which has no gradients, and 'relevance' "
                    + $"needs them{(model.HasRollout ? ": ask for the kind 'rollout'" : "")}.");
            Prepared image = await Prepare(model, request.Images[0], context.RequestAborted).ConfigureAwait(false);
            if (image.Error is RequestException error) throw error;
            ExplainedOverlay overlay = await Explained(model, image.Numbers!, kind, request.Setting("class"),
                context.RequestAborted).ConfigureAwait(false);
            byte[] png = await Task.Run(() => overlay.Figure.ToPng(), context.RequestAborted).ConfigureAwait(false);
            context.Response.ContentType = "image/png";
            context.Response.ContentLength = png.Length;
            context.Response.Headers["Fovea-Class"] = Uri.EscapeDataString(model.ClassNames[overlay.Target]);
            context.Response.Headers["Fovea-Probability"] =
                overlay.Probabilities[overlay.Target].ToString("R", CultureInfo.InvariantCulture);
            await context.Response.Body.WriteAsync(png, context.RequestAborted).ConfigureAwait(false);
        });

    /// <summary>The models that are served.</summary>
    public Task Models(HttpContext context)
    {
        List<ModelDescription> models = [];
        foreach (ModelSlot slot in shelf.Slots)
        {
            using ModelSlot.Lease? lease = slot.Enter();
            if (lease is null) continue;
            ServedModel model = lease.Model;
            models.Add(new(slot.Source.Name, model.Trained.Head.Recipe.Model.Name, model.Trained.Path,
                model.Trained.Model.Config.ImageSize, model.Trained.Head.State.Epoch, slot.Generation, slot.Loaded,
                model.ClassNames));
        }

        return Answers.Json(context, 200, new ModelsAnswer(models));
    }

    /// <inheritdoc/>
    public void Dispose() => _decoding.Dispose();

    /// <summary>Reads a request, finds its model, admits its images and does the work.</summary>
    private async Task Run(HttpContext context, IReadOnlyList<string> settings,
        Func<ServedModel, ImageRequest, BatchQueue.Admission, Task> work)
    {
        if (!shelf.IsReady) throw new RequestException(503, "the models are not loaded yet, or the server ends.");
        RefuseEarly(context);
        using ByteBudget.Share share = bodies.Begin();
        ImageRequest request = await bodies.Read(context.Request, share, settings, context.RequestAborted)
            .ConfigureAwait(false);
        ModelSlot slot = SlotOf(request.Setting("model"));
        using ModelSlot.Lease lease = slot.Enter()
            ?? throw new RequestException(503, "the server ends.");
        using BatchQueue.Admission admission = lease.Model.Queue.TryAdmit(request.Images.Count) ?? throw Full(slot);
        await work(lease.Model, request, admission).ConfigureAwait(false);
    }

    /// <summary>Refuses before the body is read, where the query tells the model.</summary>
    private void RefuseEarly(HttpContext context)
    {
        string? name = context.Request.Query["model"];
        if (name is null && shelf.Slots.Count > 1) return;
        ModelSlot slot = SlotOf(name);
        using ModelSlot.Lease? lease = slot.Enter();
        if (lease is { Model.Queue.IsFull: true }) throw Full(slot);
    }

    private RequestException Full(ModelSlot slot)
    {
        metrics.Refused(slot.Source.Name);
        return new(503, $"'{slot.Source.Name}' has {options.Queue} images in hand at most, and no room for those of "
            + "this request.");
    }

    private ModelSlot SlotOf(string? name)
    {
        string[] known = [.. shelf.Slots.Select(slot => slot.Source.Name)];
        if (name is null)
            return shelf.Slots.Count == 1 ? shelf.Slots[0]
                : throw new RequestException(400, $"say which model: 'model' is one of {string.Join(", ", known)}.");
        return shelf.Find(name)
            ?? throw new RequestException(404, NearestName.Message("model", Short(name), known));
    }

    private string NameOf(ImageRequest request) => SlotOf(request.Setting("model")).Source.Name;

    private static int TopOf(ImageRequest request, int classes)
    {
        if (request.Setting("top") is not string text) return Math.Min(UsualTop, classes);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int top) && top > 0
            ? Math.Min(top, classes)
            : throw new RequestException(400, $"'top' is '{Short(text)}', not a number of classes.");
    }

    private static string Short(string text) => text.Length <= 100 ? text : text[..100] + "...";

    /// <summary>Computes all images of a request. One that cannot be read costs no other: it has an error.</summary>
    /// <exception cref="RequestException">None can be read.</exception>
    private async Task<ImageResult[]> ComputeEach(ServedModel model, ImageRequest request,
        BatchQueue.Admission admission, ModelOutput output, Func<string, float[], ImageResult> result,
        CancellationToken stop)
    {
        Prepared[] images = await Task.WhenAll(request.Images.Select(image => Prepare(model, image, stop)))
            .ConfigureAwait(false);
        if (images.All(image => image.Error is not null)) throw images[0].Error!;
        return await Task.WhenAll(images.Select(async (image, i) =>
        {
            string name = request.Images[i].Name;
            if (image.Error is RequestException error) return new ImageResult { Image = name, Error = error.Message };
            return result(name, await admission.Run(output, image.Numbers!, stop).ConfigureAwait(false));
        })).ConfigureAwait(false);
    }

    private async Task<Prepared> Prepare(ServedModel model, Upload image, CancellationToken stop)
    {
        await _decoding.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await Task.Run(() => PrepareNow(model, image), stop).ConfigureAwait(false);
        }
        finally
        {
            _decoding.Release();
        }
    }

    private Prepared PrepareNow(ServedModel model, Upload image)
    {
        try
        {
            ImageInfo info = ImageFile.Identify(image.Bytes, image.Name);
            if ((long)info.Width * info.Height > options.Image.Pixels)
                return new(null, new RequestException(413, $"{image.Name}: has {info.Width} x {info.Height} pixels, "
                    + $"more than the limit of {options.Image.Pixels} (`max-pixels`)."));
            return new(model.Prepare(image.Bytes, image.Name, options.Image), null);
        }
        catch (DataException error)
        {
            return new(null, new RequestException(400, error.Message));
        }
    }

    private static async Task<ExplainedOverlay> Explained(ServedModel model, float[] image, OverlayKind kind,
        string? target, CancellationToken stop)
    {
        try
        {
            return await model.Explain(image, kind, target, stop).ConfigureAwait(false);
        }
        catch (UsageException error)
        {
            throw new RequestException(400, error.Message);
        }
    }

    private static ImageResult Classified(string name, double[] shares, IReadOnlyList<string> classes, int top) => new()
    {
        Image = name,
        Classes = [.. Enumerable.Range(0, shares.Length).OrderByDescending(label => shares[label]).Take(top)
            .Select(label => new ClassProbability(classes[label], shares[label]))],
    };

    private sealed record Prepared(float[]? Numbers, RequestException? Error);
}

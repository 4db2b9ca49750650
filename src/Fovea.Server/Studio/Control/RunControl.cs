using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Fovea.Core.Files;
using Fovea.Server.Endpoints;
using Fovea.Server.Requests;
using Fovea.Server.Settings;
using Fovea.Server.Studio.Runs;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server.Studio.Control;

/// <summary>Starts, stops and resumes runs. Its paths exist only where that is allowed.</summary>
/// <remarks>Every request carries a header that no page of another server can send without being asked for leave
/// first, which this server never gives.</remarks>
internal sealed partial class RunControl(RunFolders folders, RunCommands commands)
{
    /// <summary>Header that every request has to carry, with any value.</summary>
    public const string Header = "Fovea-Studio";

    private const int LargestBody = 1 << 20;

    /// <summary>Trains a recipe in a new directory of the first folder.</summary>
    public async Task Start(HttpContext context)
    {
        Dictionary<string, string> request = await Read(context).ConfigureAwait(false);
        string name = Required(request, "name"), recipe = Required(request, "recipe");
        if (!Name().IsMatch(name))
            throw new RequestException(400, "a name has 1 to 100 letters, digits, dots, hyphens and underscores, and "
                + "begins with a letter or a digit.");
        RecipeFile.Parse(recipe, "the recipe", Recipe.Default);   // says what is wrong with it
        (string folder, string path) = folders.First;
        string directory = Path.Combine(path, name);
        if (Path.Exists(directory)) throw new RequestException(409, $"there is something called '{name}' already.");
        string file = Path.Combine(directory, "recipe.yaml");
        Directory.CreateDirectory(directory);
        AtomicFile.WriteText(file, recipe);
        try
        {
            await Launch(context, $"{folder}/{name}", directory, commands.Start(file, directory))
                .ConfigureAwait(false);
        }
        catch (RequestException)
        {
            // The program made no run of it, so the name is free again.
            if (!File.Exists(new RunDirectory(directory).Config)) Directory.Delete(directory, recursive: true);
            throw;
        }
    }

    /// <summary>Asks the process of a run to save and end.</summary>
    public async Task End(HttpContext context)
    {
        Place place = folders.Find(Required(await Read(context).ConfigureAwait(false), "run"));
        if (place.Study is not null)
            throw new RequestException(409, "this run is a cell of a study, which would go on with the next one.");
        // The note of a lock is believed only where the process that it names lives and began when it says.
        if (DirectoryLock.HolderOf(place.Path) is not { IsAlive: true } holder)
            throw new RequestException(409, $"'{Shown.Line(place.Id)}' is not running.");
        if (!holder.IsHere)
            throw new RequestException(409, $"'{Shown.Line(place.Id)}' runs on {Shown.Line(holder.Host)}.");
        if (OperatingSystem.IsWindows())
            throw new RequestException(501, "Windows has no signal that asks a process of another console to end.");
        await RunProcess.Start(["kill", "-TERM", holder.Process.ToString(CultureInfo.InvariantCulture)], null)
            .Ended.WaitAsync(context.RequestAborted).ConfigureAwait(false);
        await Answers.Json(context, 202, new StartedAnswer(place.Id)).ConfigureAwait(false);
    }

    /// <summary>Goes on with a run that has ended before its end.</summary>
    public async Task Resume(HttpContext context)
    {
        Place place = folders.Find(Required(await Read(context).ConfigureAwait(false), "run"));
        RunState state = folders.Entry(place).State;
        if (place.Study is not null)
            throw new RequestException(409, "this run is a cell of a study; `compare` goes on with the study.");
        if (state is not (RunState.Stopped or RunState.Interrupted or RunState.Dead))
            throw new RequestException(409, $"'{Shown.Line(place.Id)}' is {state.ToString().ToLowerInvariant()}, so "
                + "there is nothing to resume.");
        await Launch(context, place.Id, place.Path, commands.Resume(place.Path)).ConfigureAwait(false);
    }

    private static async Task Launch(HttpContext context, string id, string directory, IReadOnlyList<string> command)
    {
        string output = Path.Combine(directory, "output.txt");
        if (new FileInfo(output).LinkTarget is not null)
            throw new RequestException(409, "output.txt is a link.");
        RunProcess process = RunProcess.Start(command, output);
        if (await process.FailsAtOnce(context.RequestAborted).ConfigureAwait(false) is string reason)
            throw new RequestException(409, $"it ended at once: {Shown.Line(reason)}");
        await Answers.Json(context, 202, new StartedAnswer(id)).ConfigureAwait(false);
    }

    private static string Required(Dictionary<string, string> request, string name) =>
        request.TryGetValue(name, out string? value) && value.Length > 0 ? value
            : throw new RequestException(400, $"'{name}' is missing.");

    private static async Task<Dictionary<string, string>> Read(HttpContext context)
    {
        if (!context.Request.Headers.ContainsKey(Header))
            throw new RequestException(403, $"requests that control runs carry the header '{Header}'.");
        if (!context.Request.HasJsonContentType()) throw new RequestException(415, "send a JSON object.");
        byte[] body = new byte[LargestBody + 1];
        int size = await context.Request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false,
            context.RequestAborted).ConfigureAwait(false);
        if (size > LargestBody) throw new RequestException(413, "the body is larger than 1 MiB.");
        try
        {
            return JsonSerializer.Deserialize<Dictionary<string, string>>(body.AsSpan(0, size))
                ?? throw new RequestException(400, "the body is no JSON object.");
        }
        catch (JsonException)
        {
            throw new RequestException(400, "the body is no JSON object of texts.");
        }
    }

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$(?!\n)", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}

/// <summary>A run that was started, stopped or resumed.</summary>
internal sealed record StartedAnswer(string Run);

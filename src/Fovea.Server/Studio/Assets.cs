using Fovea.Server.Endpoints;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server.Studio;

/// <summary>Files of the pages, which are part of the program.</summary>
internal static class Assets
{
    private const string Prefix = "studio/";

    /// <summary>Paths of the files.</summary>
    public static IEnumerable<string> Names { get; } =
        [.. typeof(Assets).Assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..].Replace('\\', '/'))];

    /// <summary>Answers with a file.</summary>
    public static RequestDelegate Of(string name) => Pages.Of(Prefix + name, Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    });
}

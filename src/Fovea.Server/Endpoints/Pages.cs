using System.Text;
using Microsoft.AspNetCore.Http;

namespace Fovea.Server.Endpoints;

/// <summary>The pages and documents that are part of the program.</summary>
internal static class Pages
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        + "img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>The text of a file in <c>Pages/</c>.</summary>
    public static string Read(string name)
    {
        using Stream stream = typeof(Pages).Assembly.GetManifestResourceStream(name)!;
        using StreamReader reader = new(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>Answers with a file in <c>Pages/</c>.</summary>
    public static RequestDelegate Of(string name, string type)
    {
        string text = Read(name);
        return context =>
        {
            context.Response.Headers.ContentSecurityPolicy = Policy;
            return Answers.Text(context, 200, text, type);
        };
    }
}

using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Pretrained;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea weights show NAME</c>: all that is known of published weights.</summary>
internal static class WeightsShowCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> name = new("NAME") { Description = "Name of weights, or of a model" };
        Option<bool> json = Make.Switch("--json", "One JSON object on standard output");
        Command command = new("show", "Show what is known of published weights: address, checksum, licence, view.")
        {
            name, json,
        };
        command.SetAction(parsed =>
        {
            WeightsCache cache = WeightsCache.OfUser();
            ListedWeights entry = cache.List.Require(parsed.GetRequiredValue(name));
            string? path = cache.PlaceOf(entry);
            if (parsed.GetValue(json)) terminal.Output.Document(Describe(cache, entry, path));
            else Print(terminal, cache, entry, path);
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>An entry for JSON.</summary>
    internal static object Describe(WeightsCache cache, ListedWeights entry, string? path) => new
    {
        entry.Name,
        entry.Aliases,
        entry.Preset,
        Address = entry.Address.AbsoluteUri,
        Place = cache.List.PlaceOf(entry).AbsoluteUri,
        entry.Bytes,
        entry.AboutBytes,
        entry.Sha256,
        Fetched = path is null ? null : WeightsOrigin.Beside(path),
        entry.Licence,
        entry.NeedsLogin,
        entry.Classes,
        entry.Parameters,
        entry.ImageSize,
        Mean = List(entry.Mean),
        Std = List(entry.Std),
        CropPct = entry.CropShare,
        Interpolation = entry.Interpolation?.ToString().ToLowerInvariant(),
        entry.List,
        Path = path,
    };

    private static double[]? List((double Red, double Green, double Blue)? colours) =>
        colours is (double red, double green, double blue) ? [red, green, blue] : null;

    private static void Print(Terminal terminal, WeightsCache cache, ListedWeights entry, string? path)
    {
        void Line(string subject, string? text)
        {
            if (!string.IsNullOrEmpty(text)) terminal.Console.Line(subject, text);
        }

        Line("name", string.Join(", ", entry.Aliases.Prepend(entry.Name)));
        Line("model", entry.Preset + (entry.ImageSize is int size ? $", images of {size} pixels" : ""));
        Line("holds", string.Join(", ", new[]
        {
            entry.Parameters is long count ? $"{Phrases.Count(count)} parameters" : null,
            entry.Classes switch
            {
                null => null,
                0 => "no head",
                int classes => $"a head for {Phrases.Count(classes)} classes",
            },
        }.OfType<string>()));
        Line("address", entry.Address.AbsoluteUri);
        if (cache.List.PlaceOf(entry) is var place && place != entry.Address) Line("mirror", place.AbsoluteUri);
        Line("size", WeightsListCommand.SizeOf(entry));
        Line("SHA-256", entry.Sha256 is string sum ? sum.Length == 64 ? sum : $"{sum}... (first digits)"
            : "not published; kept at the first fetch, or as the server says it");
        Line("licence", entry.Licence);
        Line("images", View(entry));
        Line("list", entry.List);
        Line("file", path ?? (entry.NeedsLogin ? $"fetch it with a browser and put it at {cache.PathOf(entry)}"
            : $"not here; 'fovea weights get {entry.Name}' fetches it to {cache.PathOf(entry)}"));
        if (path is not null && WeightsOrigin.Beside(path) is WeightsOrigin origin)
            Line("fetched", $"{Phrases.Count(origin.Bytes)} bytes, SHA-256 {origin.Sha256} ({Known(origin)})");
    }

    /// <summary>Words for what a file's checksum was compared with.</summary>
    internal static string Known(WeightsOrigin origin) => origin.KnownBy switch
    {
        "list" => "as published",
        "first-digits" => "its first digits as published",
        "server" => "as the server said",
        _ => "kept at the first fetch",
    };

    private static string View(ListedWeights entry) => string.Join(", ", new[]
    {
        entry.Mean is (double, double, double) mean ? Numbers("mean", mean) : null,
        entry.Std is (double, double, double) std ? Numbers("std", std) : null,
        entry.CropShare is double crop ? string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{crop} of the middle") : null,
        entry.Interpolation?.ToString().ToLowerInvariant(),
    }.OfType<string>());

    private static string Numbers(string what, (double Red, double Green, double Blue) values) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{what} {values.Red}/{values.Green}/{values.Blue}");
}

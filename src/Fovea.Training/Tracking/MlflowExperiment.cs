using System.Globalization;
using Fovea.Core.Files;

namespace Fovea.Training.Tracking;

/// <summary>An experiment of MLflow's file store: a folder of runs, with <c>meta.yaml</c>.</summary>
/// <param name="Id">Its id, which is the folder's name.</param>
/// <param name="Folder">Its folder.</param>
internal sealed record MlflowExperiment(string Id, string Folder)
{
    /// <summary>The experiment of a name; it is made where there is none. Its id is made of the name, so that runs
    /// which begin together find the same.</summary>
    /// <param name="root">The store, <c>mlruns</c>.</param>
    /// <param name="name">The experiment's name.</param>
    public static MlflowExperiment In(string root, string name)
    {
        root = Path.GetFullPath(root);
        if (!Directory.Exists(root)) Make(root, "0", "Default");   // as MLflow does: its runs without a name go there
        foreach (string folder in Directory.GetDirectories(root).Order(StringComparer.Ordinal))
        {
            string meta = Path.Combine(folder, "meta.yaml");
            if (File.Exists(meta) && File.ReadLines(meta).Any(text => text == $"name: {Quoted(name)}"
                || text == $"name: {name}"))
                return new(Path.GetFileName(folder), folder);
        }

        ulong number = 14695981039346656037UL;   // FNV-1a
        foreach (char letter in name) number = (number ^ letter) * 1099511628211UL;
        return Make(root, (100_000_000_000_000_000UL + number % 900_000_000_000_000_000UL).ToString(
            CultureInfo.InvariantCulture), name);
    }

    /// <summary>Milliseconds since 1970.</summary>
    public static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>A path as a <c>file:</c> address, quoted.</summary>
    public static string Address(string path) => Quoted(new Uri(Path.GetFullPath(path)).AbsoluteUri);

    /// <summary>A YAML string in single quotes; what these cannot hold becomes a space.</summary>
    public static string Quoted(string text)
    {
        char[] plain = [.. text.Select(letter => char.IsControl(letter) || letter is '\u2028' or '\u2029' or '\ufeff'
            or '\ufffe' or '\uffff' ? ' ' : letter)];
        return $"'{new string(plain).Replace("'", "''", StringComparison.Ordinal)}'";
    }

    private static MlflowExperiment Make(string root, string id, string name)
    {
        string folder = Directory.CreateDirectory(Path.Combine(root, id)).FullName;
        string now = Now().ToString(CultureInfo.InvariantCulture);
        AtomicFile.WriteText(Path.Combine(folder, "meta.yaml"), $"artifact_location: {Address(folder)}\n"
            + $"creation_time: {now}\nexperiment_id: '{id}'\nlast_update_time: {now}\nlifecycle_stage: active\n"
            + $"name: {Quoted(name)}\n");
        return new(id, folder);
    }
}

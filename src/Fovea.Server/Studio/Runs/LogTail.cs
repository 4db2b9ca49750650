using System.Globalization;
using System.Text;
using System.Text.Json;
using Fovea.Core.Formats;
using Fovea.Training.Runs;

namespace Fovea.Server.Studio.Runs;

/// <summary>Reads ends of files, however long those are.</summary>
internal static class LogTail
{
    private const int LargestResults = 4 << 20;

    /// <summary>The last lines of a text, the first of them whole; empty where there is none.</summary>
    /// <param name="path">The file.</param>
    /// <param name="bytes">Bytes of its end that are read.</param>
    public static string Read(string path, int bytes)
    {
        try
        {
            if (!File.Exists(path) || PlainFile.OtherKind(path) is not null) return "";
            using FileStream file = new(path, FileMode.Open, FileAccess.Read,
                FileShare.ReadWrite | FileShare.Delete);
            long start = Math.Max(0, file.Length - bytes);
            file.Position = start;
            byte[] end = new byte[Math.Min(bytes, file.Length)];
            int got = file.ReadAtLeast(end, end.Length, throwOnEndOfStream: false);
            string text = Encoding.UTF8.GetString(end, 0, got);
            return start == 0 ? text : text[(text.IndexOf('\n') + 1)..];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    /// <summary>The last event of a log; null where there is none.</summary>
    public static RunEvent? LastEvent(RunDirectory run)
    {
        foreach (string line in Read(run.Metrics, 4096).Split('\n', StringSplitOptions.RemoveEmptyEntries).Reverse())
            try
            {
                return JsonText.Read<RunEvent>(line);
            }
            catch (JsonException)
            {
                // being written
            }

        return null;
    }

    /// <summary>Epochs done, the best share of validation images among them, and the loss of the last one.</summary>
    public static (int Epochs, double? Best, double? Loss) Results(RunDirectory run)
    {
        int epochs = 0;
        double? best = null, loss = null;
        foreach (string line in Read(run.Results, LargestResults).Split('\n'))
        {
            string[] cells = line.Split(',');
            if (cells.Length < 9 || !int.TryParse(cells[0], out int epoch)) continue;
            epochs = epoch;
            if (double.TryParse(cells[2], CultureInfo.InvariantCulture, out double last) && double.IsFinite(last))
                loss = last;
            if (double.TryParse(cells[5], CultureInfo.InvariantCulture, out double accuracy)
                && accuracy is >= 0 and <= 1)
                best = Math.Max(best ?? 0, accuracy);
        }

        return (epochs, best, loss);
    }
}

namespace Fovea.Cli.Display;

/// <summary>The line of a file that is on its way, written over where somebody watches.</summary>
/// <param name="name">The file.</param>
/// <param name="terminal">The writers; the line itself goes to results, and only where those are watched.</param>
internal sealed class FetchLine(string name, Terminal terminal) : IDisposable
{
    private static readonly TimeSpan Often = TimeSpan.FromSeconds(0.25);
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private long _first = -1;
    private TimeSpan _shown = TimeSpan.MinValue;
    private int _width;

    /// <summary>Shows how far it is.</summary>
    /// <param name="done">Bytes that are there.</param>
    /// <param name="all">Bytes of the whole file; null: not known.</param>
    public void Show(long done, long? all)
    {
        if (!terminal.IsInteractive) return;
        TimeSpan now = TimeProvider.System.GetElapsedTime(_start);
        if (_first < 0) _first = done;
        if (_shown != TimeSpan.MinValue && now - _shown < Often && done != all) return;
        _shown = now;
        double rate = (done - _first) / Math.Max(now.TotalSeconds, 1e-3);
        string of = all is long bytes ? $"{Phrases.Percent((double)done / bytes)} of {ByteSize.Text(bytes)}"
            : ByteSize.Text(done);
        string left = all is long whole && rate > 0 ? $", {Phrases.Duration((whole - done) / rate)} left" : "";
        Over(rate > 0 ? $"{name}: {of}, {ByteSize.Text(rate)}/s{left}" : $"{name}: {of}");
    }

    /// <summary>Says a sentence on the way.</summary>
    public void Say(string sentence)
    {
        Clear();
        terminal.Error.WriteLine($"fovea: {sentence}");
    }

    /// <summary>Ends it with a line of results.</summary>
    public void End(string line)
    {
        Clear();
        terminal.Output.WriteLine(line);
    }

    /// <summary>Removes the line.</summary>
    public void Dispose() => Clear();

    private void Clear()
    {
        if (_width == 0) return;
        Over("");
        terminal.Overwrite("");
        _width = 0;
    }

    private void Over(string line)
    {
        terminal.Overwrite(line.PadRight(_width));
        _width = line.Length;
    }
}

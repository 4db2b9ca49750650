namespace Fovea.Data.Downloads;

/// <summary>Waits and attempts of a download.</summary>
internal sealed record DownloadPatience
{
    /// <summary>The one for people.</summary>
    public static DownloadPatience Usual { get; } = new();

    /// <summary>Attempts in a row that bring nothing before a download gives up.</summary>
    public int Attempts { get; init; } = 4;

    /// <summary>A connection that brings nothing for so long is given up, and another one made.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Pause before the second attempt; each later one is twice as long.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause, also where a server asks for a longer one.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Time between looks at a file that another process fetches.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromSeconds(0.5);

    /// <summary>Pause after a number of attempts in a row that brought nothing.</summary>
    /// <param name="failures">1 or more.</param>
    /// <param name="wanted">What the server asks for; null: nothing.</param>
    public TimeSpan After(int failures, TimeSpan? wanted)
    {
        TimeSpan own = Pause * Math.Pow(2, Math.Min(failures - 1, 10));
        TimeSpan pause = wanted is TimeSpan asked && asked > own ? asked : own;
        return pause < LongestPause ? pause : LongestPause;
    }
}

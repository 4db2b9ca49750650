namespace Fovea.Data.Datasets.Records;

/// <summary>One published form of a CIFAR set: which files there are and how to read them.</summary>
internal sealed record CifarLayout
{
    /// <summary>Folder that the official archive unpacks to.</summary>
    public required string Folder { get; init; }

    /// <summary>The official archive.</summary>
    public required string Archive { get; init; }

    /// <summary>Files of training records, in order.</summary>
    public required IReadOnlyList<string> Train { get; init; }

    /// <summary>File of test records.</summary>
    public required string Test { get; init; }

    /// <summary>File of class names.</summary>
    public required string Names { get; init; }

    /// <summary>Reads the records of a file.</summary>
    public required Func<byte[], string, RecordBlock> ReadRecords { get; init; }

    /// <summary>Reads the class names of a file.</summary>
    public required Func<byte[], string, string[]> ReadNames { get; init; }

    /// <summary>All files.</summary>
    public IEnumerable<string> Files => [.. Train, Test, Names];
}

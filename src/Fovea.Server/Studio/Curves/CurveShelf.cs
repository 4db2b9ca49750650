using Fovea.Training.Runs;

namespace Fovea.Server.Studio.Curves;

/// <summary>Logs of runs that somebody looked at lately.</summary>
internal sealed class CurveShelf
{
    private const int Most = 64;

    private readonly Lock _turn = new();
    private readonly LinkedList<(string Path, RunCurves Curves)> _recent = new();

    /// <summary>The log of a run directory.</summary>
    public RunCurves Of(string directory)
    {
        string path = new RunDirectory(directory).Metrics;
        lock (_turn)
        {
            for (LinkedListNode<(string Path, RunCurves Curves)>? node = _recent.First; node is not null;
                node = node.Next)
            {
                if (node.Value.Path != path) continue;
                _recent.Remove(node);
                _recent.AddFirst(node);
                return node.Value.Curves;
            }

            RunCurves curves = new(path);
            _recent.AddFirst((path, curves));
            if (_recent.Count > Most) _recent.RemoveLast();
            return curves;
        }
    }
}

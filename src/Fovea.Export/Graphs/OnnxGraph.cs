using System.Globalization;
using System.Text;

namespace Fovea.Export.Graphs;

/// <summary>Nodes in the order in which they can be computed, with what they read.</summary>
internal sealed class OnnxGraph
{
    private readonly List<GraphNode> _nodes = [];
    private readonly List<GraphInitializer> _initializers = [];

    public string Name { get; set; } = "";

    public required int Opset { get; init; }

    public IReadOnlyList<GraphNode> Nodes => _nodes;

    public IReadOnlyList<GraphInitializer> Initializers => _initializers;

    public List<GraphPort> Inputs { get; } = [];

    public List<GraphPort> Outputs { get; } = [];

    public void Add(GraphNode node) => _nodes.Add(node);

    public void Add(GraphInitializer initializer) => _initializers.Add(initializer);

    /// <summary>Leaves out whatever no output depends on.</summary>
    public void RemoveUnused()
    {
        HashSet<GraphValue> used = [.. Outputs.Select(port => port.Value)];
        for (int i = _nodes.Count - 1; i >= 0; i--)
        {
            if (!used.Contains(_nodes[i].Output)) _nodes.RemoveAt(i);
            else used.UnionWith(_nodes[i].Inputs.OfType<GraphValue>());
        }

        _initializers.RemoveAll(initializer => !used.Contains(initializer.Value));
    }

    /// <summary>All but the elements of the initializers as text: two traces of one model are the same where these
    /// are.</summary>
    public string Describe()
    {
        StringBuilder text = new();
        foreach (GraphPort port in Inputs.Concat(Outputs))
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{port.Value.Name} {port.Value.Type} [{string.Join(',', port.Axes)}]");
        foreach (GraphInitializer initializer in _initializers)
        {
            GraphValue value = initializer.Value;
            string elements = initializer.Elements is long[] whole ? string.Join(',', whole) : "";
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{value.Name} {value.Type} [{string.Join(',', value.Sizes)}] {elements}");
        }

        foreach (GraphNode node in _nodes)
            text.AppendLine(CultureInfo.InvariantCulture,
                $"{node.Name} {node.Output.Name} = {node.Operator}({string.Join(',',
                    node.Inputs.Select(input => input?.Name))}) {string.Join(',', node.Attributes.Select(Text))}");
        return text.ToString();
    }

    private static string Text(GraphAttribute attribute) => attribute.Value is long[] whole
        ? $"{attribute.Name}=[{string.Join(',', whole)}]"
        : string.Create(CultureInfo.InvariantCulture, $"{attribute.Name}={attribute.Value}");
}

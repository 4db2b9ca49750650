using System.Text;
using Google.Protobuf;

namespace Fovea.Export.Tests.Support;

/// <summary>A file of ONNX, read by the field numbers of its format and nothing else.</summary>
internal sealed class OnnxFile
{
    private OnnxFile(byte[] bytes)
    {
        Dictionary<string, string> metadata = [];
        foreach ((int field, object value) in Fields(bytes))
        {
            if (field == 1) IrVersion = (long)(ulong)value;
            if (field == 2) Producer = Text(value);
            if (field == 7) ReadGraph((byte[])value);
            if (field == 8) Opset = Fields((byte[])value).Where(one => one.Field == 2)
                .Select(one => (long)(ulong)one.Value).Single();
            if (field != 14) continue;
            (int Field, object Value)[] pair = [.. Fields((byte[])value)];
            metadata.Add(Text(pair[0].Value), Text(pair[1].Value));
        }

        Metadata = metadata;
    }

    public long IrVersion { get; }

    public long Opset { get; }

    public string Producer { get; } = "";

    public IReadOnlyDictionary<string, string> Metadata { get; }

    public List<Node> Nodes { get; } = [];

    public List<Tensor> Tensors { get; } = [];

    public List<string> Inputs { get; } = [];

    public List<string> Outputs { get; } = [];

    public static OnnxFile Read(string path) => new(File.ReadAllBytes(path));

    /// <summary>What a reader may rely on: every rule that is broken, as a sentence.</summary>
    public IEnumerable<string> Broken()
    {
        HashSet<string> known = [.. Inputs];
        foreach (Tensor tensor in Tensors)
        {
            if (!known.Add(tensor.Name)) yield return $"two values are called {tensor.Name}";
            if (tensor.Location is null && tensor.Elements * tensor.Size != tensor.RawBytes)
                yield return $"{tensor.Name} has {tensor.RawBytes} bytes for {tensor.Elements} elements";
            if (tensor.Type is not (1 or 7 or 10)) yield return $"{tensor.Name} is of type {tensor.Type}";
        }

        HashSet<string> used = [.. Outputs], names = [];
        foreach (Node node in Nodes)
        {
            foreach (string input in node.Inputs.Where(input => input.Length > 0 && !known.Contains(input)))
                yield return $"{node.Name} reads {input}, which nothing before it gives";
            if (!names.Add(node.Name)) yield return $"two nodes are called {node.Name}";
            if (node.Domain.Length > 0) yield return $"{node.Name} is of the domain {node.Domain}";
            used.UnionWith(node.Inputs);
            foreach (string output in node.Outputs)
                if (!known.Add(output)) yield return $"two values are called {output}";
        }

        foreach (string output in Outputs.Where(output => !known.Contains(output)))
            yield return $"nothing gives the output {output}";
        foreach (string idle in known.Where(value => !used.Contains(value))) yield return $"nobody reads {idle}";
    }

    private void ReadGraph(byte[] graph)
    {
        foreach ((int field, object value) in Fields(graph))
        {
            switch (field)
            {
                case 1:
                    (int Field, object Value)[] node = [.. Fields((byte[])value)];
                    string[] Of(int number) =>
                        [.. node.Where(one => one.Field == number).Select(one => Text(one.Value))];
                    Nodes.Add(new(Of(3).Single(), Of(4).Single(), Of(1), Of(2), Of(7).SingleOrDefault() ?? ""));
                    break;
                case 5:
                    (int Field, object Value)[] tensor = [.. Fields((byte[])value)];
                    long[] sizes = [.. tensor.Where(one => one.Field == 1).Select(one => (long)(ulong)one.Value)];
                    Dictionary<string, string> external = tensor.Where(one => one.Field == 13)
                        .Select(one => Fields((byte[])one.Value).Select(part => Text(part.Value)).ToArray())
                        .ToDictionary(pair => pair[0], pair => pair[1]);
                    Tensors.Add(new(Text(tensor.Single(one => one.Field == 8).Value),
                        (long)(ulong)tensor.Single(one => one.Field == 2).Value, sizes.Aggregate(1L, (a, b) => a * b),
                        tensor.Where(one => one.Field == 9).Sum(one => ((byte[])one.Value).LongLength),
                        external.GetValueOrDefault("location")));
                    break;
                case 11:
                case 12:
                    (field == 11 ? Inputs : Outputs).Add(
                        Text(Fields((byte[])value).First(one => one.Field == 1).Value));
                    break;
            }
        }
    }

    private static string Text(object bytes) => Encoding.UTF8.GetString((byte[])bytes);

    private static IEnumerable<(int Field, object Value)> Fields(byte[] message)
    {
        CodedInputStream input = new(message);
        while (input.ReadTag() is not 0 and uint tag)
        {
            int field = WireFormat.GetTagFieldNumber(tag);
            yield return WireFormat.GetTagWireType(tag) switch
            {
                WireFormat.WireType.Varint => (field, input.ReadUInt64()),
                WireFormat.WireType.Fixed32 => (field, input.ReadFloat()),
                _ => (field, (object)input.ReadBytes().ToByteArray()),
            };
        }
    }

    internal sealed record Node(string Name, string Operator, string[] Inputs, string[] Outputs, string Domain);

    internal sealed record Tensor(string Name, long Type, long Elements, long RawBytes, string? Location)
    {
        public long Size => Type switch { 7 => 8, 10 => 2, _ => 4 };
    }
}

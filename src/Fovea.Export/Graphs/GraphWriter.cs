using System.Buffers.Binary;
using System.Globalization;
using Fovea.Core.Files;
using Google.Protobuf;

namespace Fovea.Export.Graphs;

/// <summary>
/// Writes a graph as a file of ONNX (messages <c>ModelProto</c>, <c>GraphProto</c>, ... of <c>onnx.proto</c>, by their
/// field numbers). Elements of initializers are written one after another from where they lie; those of a file that
/// would be longer than protobuf allows go into a second one beside it.
/// </summary>
internal static class GraphWriter
{
    /// <summary>Bytes that protobuf allows, less what is not elements.</summary>
    public const long MostBytes = int.MaxValue - (64L << 20);

    private const int PageBytes = 4096, SmallBytes = 1024;

    /// <summary>Name of this program in its files.</summary>
    public const string Producer = "Fovea";

    /// <summary>Writes the file, and where it would be too long a second one with the elements, <c>PATH.data</c>. Of an
    /// earlier export nothing stays; both files are replaced together, when both are whole and on the disk.</summary>
    /// <returns>The second file; null: there is none.</returns>
    /// <exception cref="UsageException">A second file is there that no export wrote.</exception>
    public static string? Write(string path, OnnxGraph graph, IReadOnlyDictionary<string, string> metadata,
        string producerVersion, long mostBytes = MostBytes)
    {
        bool isExternal = graph.Initializers.Sum(initializer => initializer.Bytes) > mostBytes;
        string data = path + ".data";
        bool isOld = File.Exists(data) && DataFile.IsOurs(path);
        if (isExternal && !isOld && Path.Exists(data))
            throw new UsageException($"'{data}', where weights would be written, is there and was not exported here.")
            {
                Field = "out",
                Remedy = "Name another file, or remove it.",
            };
        Dictionary<GraphInitializer, long> offsets = [];
        long offset = 0;
        foreach (GraphInitializer initializer in graph.Initializers.Where(one => isExternal && one.Bytes >= SmallBytes))
        {
            offsets[initializer] = offset;
            offset += (initializer.Bytes + PageBytes - 1) / PageBytes * PageBytes;   // so that it can be mapped
        }

        AtomicFile.Write(path, stream => WriteModel(stream, graph, metadata, producerVersion, offsets,
            Path.GetFileName(data)), written: _ =>
            {
                if (isExternal) AtomicFile.Write(data, stream => WriteData(stream, offsets));
            });
        if (isOld && !isExternal) File.Delete(data);
        return isExternal ? data : null;
    }

    private static void WriteData(Stream stream, Dictionary<GraphInitializer, long> offsets)
    {
        foreach ((GraphInitializer initializer, long start) in offsets)
        {
            while (stream.Position < start) stream.WriteByte(0);
            WriteElements(stream, initializer);
        }
    }

    private static void WriteModel(Stream stream, OnnxGraph graph, IReadOnlyDictionary<string, string> metadata,
        string producerVersion, Dictionary<GraphInitializer, long> offsets, string dataName)
    {
        (byte[] Head, GraphInitializer Elements)[] tensors = [.. graph.Initializers.Select(initializer =>
            (TensorHead(initializer, offsets, dataName), initializer))];
        byte[] rest = GraphHead(graph);
        long length = rest.Length;
        foreach ((byte[] head, GraphInitializer elements) in tensors)
        {
            long body = head.Length + Inline(elements);
            length += LengthOfField(5, body) + body;
        }

        byte[] before = Message(model =>
        {
            Put(model, 1, IrVersion(graph.Opset));
            Put(model, 2, Producer);
            Put(model, 3, producerVersion);
            Put(model, 8, Message(set =>
            {
                Put(set, 1, "");
                Put(set, 2, graph.Opset);
            }));
            foreach ((string key, string value) in metadata) Put(model, 14, Entry(key, value));
        });
        using CodedOutputStream output = new(stream, leaveOpen: true);
        Bytes(before);
        PutLength(output, 7, length);
        Bytes(rest);
        foreach ((byte[] head, GraphInitializer elements) in tensors)
        {
            PutLength(output, 5, head.Length + Inline(elements));
            Bytes(head);
            if (offsets.ContainsKey(elements)) continue;
            PutLength(output, 9, elements.Bytes);
            output.Flush();
            WriteElements(stream, elements);
        }

        void Bytes(byte[] bytes)
        {
            output.Flush();
            stream.Write(bytes);
        }

        long Inline(GraphInitializer initializer) => offsets.ContainsKey(initializer) ? 0
            : LengthOfField(9, initializer.Bytes) + initializer.Bytes;
    }

    /// <summary>A graph without its initializers.</summary>
    private static byte[] GraphHead(OnnxGraph graph) => Message(message =>
    {
        foreach (GraphNode node in graph.Nodes) Put(message, 1, Node(node));
        Put(message, 2, graph.Name);
        foreach (GraphPort port in graph.Inputs) Put(message, 11, Port(port));
        foreach (GraphPort port in graph.Outputs) Put(message, 12, Port(port));
    });

    private static byte[] Node(GraphNode node) => Message(message =>
    {
        foreach (GraphValue? input in node.Inputs) Put(message, 1, input?.Name ?? "");
        Put(message, 2, node.Output.Name);
        Put(message, 3, node.Name);
        Put(message, 4, node.Operator);
        foreach (GraphAttribute attribute in node.Attributes) Put(message, 5, Attribute(attribute));
    });

    private static byte[] Attribute(GraphAttribute attribute) => Message(message =>
    {
        Put(message, 1, attribute.Name);
        switch (attribute.Value)
        {
            case float number:
                message.WriteTag(2, WireFormat.WireType.Fixed32);
                message.WriteFloat(number);
                Put(message, 20, 1);
                break;
            case long whole:
                Put(message, 3, whole);
                Put(message, 20, 2);
                break;
            case string text:
                Put(message, 4, text);
                Put(message, 20, 3);
                break;
            case long[] several:
                foreach (long one in several) Put(message, 8, one);
                Put(message, 20, 7);
                break;
        }
    });

    private static byte[] Port(GraphPort port) => Message(message =>
    {
        Put(message, 1, port.Value.Name);
        Put(message, 2, Message(type => Put(type, 1, Message(tensor =>
        {
            Put(tensor, 1, (long)port.Value.Type);
            Put(tensor, 2, Message(shape =>
            {
                foreach (string axis in port.Axes)
                    Put(shape, 1, Message(size =>
                    {
                        if (long.TryParse(axis, out long number)) Put(size, 1, number);
                        else Put(size, 2, axis);
                    }));
            }));
        }))));
    });

    /// <summary>A tensor without its elements.</summary>
    private static byte[] TensorHead(GraphInitializer initializer, Dictionary<GraphInitializer, long> offsets,
        string dataName) => Message(message =>
    {
        foreach (int size in initializer.Value.Sizes) Put(message, 1, size);
        Put(message, 2, (long)initializer.Value.Type);
        Put(message, 8, initializer.Value.Name);
        if (!offsets.TryGetValue(initializer, out long offset)) return;
        Put(message, 13, Entry("location", dataName));
        Put(message, 13, Entry("offset", offset.ToString(CultureInfo.InvariantCulture)));
        Put(message, 13, Entry("length", initializer.Bytes.ToString(CultureInfo.InvariantCulture)));
        Put(message, 14, 1);   // EXTERNAL
    });

    private static byte[] Entry(string key, string value) => Message(entry =>
    {
        Put(entry, 1, key);
        Put(entry, 2, value);
    });

    private static void WriteElements(Stream stream, GraphInitializer initializer)
    {
        const int Part = 1 << 16;
        byte[] buffer = new byte[Part * sizeof(long)];
        int size = (int)(initializer.Bytes / Math.Max(1, initializer.Elements.LongLength));
        for (int start = 0; start < initializer.Elements.Length; start += Part)
        {
            int count = Math.Min(Part, initializer.Elements.Length - start);
            for (int i = 0; i < count; i++)
            {
                Span<byte> to = buffer.AsSpan(i * size, size);
                if (initializer.Elements is long[] whole) BinaryPrimitives.WriteInt64LittleEndian(to, whole[start + i]);
                else if (size == sizeof(ushort))
                    BinaryPrimitives.WriteHalfLittleEndian(to, (Half)((float[])initializer.Elements)[start + i]);
                else BinaryPrimitives.WriteSingleLittleEndian(to, ((float[])initializer.Elements)[start + i]);
            }

            stream.Write(buffer, 0, count * size);
        }
    }

    /// <summary>Version of the format that goes with an operator set.</summary>
    private static int IrVersion(int opset) => opset < 19 ? 8 : opset < 21 ? 9 : 10;

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using MemoryStream stream = new();
        using (CodedOutputStream output = new(stream, leaveOpen: true)) write(output);
        return stream.ToArray();
    }

    private static void Put(CodedOutputStream output, int field, long value)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt64(value);
    }

    private static void Put(CodedOutputStream output, int field, string value)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteString(value);
    }

    private static void Put(CodedOutputStream output, int field, byte[] message)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(UnsafeByteOperations.UnsafeWrap(message));
    }

    private static void PutLength(CodedOutputStream output, int field, long length)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteUInt64((ulong)length);
    }

    private static long LengthOfField(int field, long length) =>
        CodedOutputStream.ComputeTagSize(field) + CodedOutputStream.ComputeUInt64Size((ulong)length);
}

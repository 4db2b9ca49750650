using Fovea.Export.Graphs;
using Fovea.Export.Tracing;
using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Training.Runs;
using Fovea.Vision;

namespace Fovea.Export;

/// <summary>
/// Models as files of ONNX. The model's forward pass runs once on a device that computes nothing and notes what would
/// be computed, so that a model needs no code of its own to be exported; the number of images stays open.
/// </summary>
public static class OnnxExport
{
    /// <summary>Name of the input.</summary>
    public const string InputName = "images";

    /// <summary>Name of the output of a classifier.</summary>
    public const string OutputName = "logits";

    /// <summary>Numbers of images to trace with, two of which must give the same graph: primes, so that few sizes are
    /// multiples of them.</summary>
    private static readonly int[] Batches = [11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47];

    /// <summary>Writes a model as ONNX.</summary>
    /// <param name="model">The model with its weights, on any device. It is exported as it evaluates, and stays as it
    /// is.</param>
    /// <param name="path">The file to write.</param>
    /// <param name="options">Its form.</param>
    /// <exception cref="UsageException">An option is out of range, the model does not take images of the size, or it
    /// computes what ONNX has no operators for.</exception>
    /// <exception cref="CheckpointException">The file could not be written.</exception>
    public static OnnxSummary Write(ImageClassifier model, string path, OnnxOptions options)
    {
        OnnxGraph graph = Build(model, options);
        HashSet<string> names = [.. model.NamedParameters().Select(entry => entry.Name),
            .. model.NamedBuffers().Select(entry => entry.Name)];
        string? data = GraphWriter.Write(path, graph, options.Metadata, Machine.Version, options.MostBytes);
        long bytes = new FileInfo(path).Length + (data is null ? 0 : new FileInfo(data).Length);
        return new OnnxSummary(path, data, Text(graph.Inputs[0]), Text(graph.Outputs[0]), graph.Nodes.Count,
            graph.Initializers.Count(one => names.Contains(one.Value.Name)), bytes);
    }

    /// <summary>The graph of a model.</summary>
    internal static OnnxGraph Build(ImageClassifier model, OnnxOptions options)
    {
        Check.Between(OnnxOptions.OldestOpset, OnnxOptions.NewestOpset, options.Opset, "opset");
        int size = options.ImageSize ?? model.Config.ImageSize;
        TracingBackend backend = new();
        Device device = new("onnx", backend);
        ImageClassifier copy = Copy(model, device);
        Dictionary<string, OnnxGraph> seen = [];
        foreach (int batch in Batches)
        {
            try
            {
                OnnxGraph graph = Trace(copy, device, options, size, batch);
                if (!seen.TryAdd(graph.Describe(), graph)) return graph;
            }
            catch (AmbiguousBatchException)
            {
                // the next size is another one
            }
            catch (NotSupportedException error)
            {
                throw new UsageException(
                    $"this model cannot be exported to ONNX: its forward pass has {error.Message}.");
            }
            catch (ShapeException error)
            {
                throw new UsageException($"this model does not take images of {size} pixels: {error.Message}")
                { Field = "image-size" };
            }
        }

        throw new UsageException("this model cannot be exported to ONNX: what it computes is another thing for each "
            + "number of images.");
    }

    /// <summary>The same model on another device, as it evaluates.</summary>
    private static ImageClassifier Copy(ImageClassifier model, Device device)
    {
        ImageClassifier copy = model.Config.Build();
        copy.Allocate(device);
        copy.Load(model.NamedState().ToDictionary(entry => entry.Name, entry => entry.Tensor.Value));
        copy.Train(false);
        copy.Context = model.Context;
        foreach ((string name, NamedTensor tensor) in copy.NamedParameters()
            .Select(entry => (entry.Name, (NamedTensor)entry.Parameter))
            .Concat(copy.NamedBuffers().Select(entry => (entry.Name, (NamedTensor)entry.Buffer))))
            ((TracedStorage)tensor.Value.Storage).Weight = (name, [.. tensor.Shape]);
        return copy;
    }

    private static OnnxGraph Trace(ImageClassifier model, Device device, OnnxOptions options, int size, int batch)
    {
        Trace trace = new(options.Opset, options.Weights == WeightNumbers.Fp16, batch);
        ((TracingBackend)device.Backend).Trace = trace;
        OnnxGraph graph = trace.Graph;
        using StepScope scope = StepScope.Begin();
        int channels = model.Config.Channels;
        Tensor images = Tensor.Empty([batch, channels, size, size], device);
        GraphValue input;
        if (options.Preprocessing is { } steps)
        {
            // height and width stay open: no sizes of the trace
            input = new GraphValue(InputName, OnnxType.UInt8, [batch, 1, 1, channels], true);
            graph.Inputs.Add(new(input, ["batch", "height", "width", $"{channels}"]));
            trace.Images = input;
            trace.Set(images.Storage, ImageSteps.Add(trace, input, steps, size));
        }
        else
        {
            input = new GraphValue(InputName, OnnxType.Float32, [batch, channels, size, size], true);
            graph.Inputs.Add(new(input, ["batch", $"{channels}", $"{size}", $"{size}"]));
            trace.Images = input;
            trace.Set(images.Storage, input);
        }

        Tensor scores = model.Forward(images);
        GraphValue output = trace.Of(scores.Storage, [.. scores.Shape]);
        output.Name = model.Config.Classes > 0 ? OutputName : "features";
        graph.Outputs.Add(new(output, ["batch", $"{scores.Shape[1]}"]));
        graph.Name = model.GetType().Name;
        graph.RemoveUnused();
        return graph;
    }

    private static string Text(GraphPort port) =>
        $"{port.Value.Name} [{string.Join(", ", port.Axes)}] {port.Value.Type.ToString().ToLowerInvariant()}";
}

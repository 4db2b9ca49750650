using Fovea.Export.Tests.Support;
using Fovea.Vision;
using Fovea.Vision.Attention;
using Fovea.Vision.Models;
using Microsoft.ML.OnnxRuntime;

namespace Fovea.Export.Tests;

/// <summary>Scores of exported models in ONNX Runtime against our own.</summary>
public sealed class OnnxExportTests
{
    private const double Tolerance = 1e-4;

    /// <summary>Options that take other paths through a mechanism than its defaults.</summary>
    private static readonly string[] Variants =
    [
        "softmax:window=1", "softmax:window=1,lai=sequence", "softmax:window=2,lai=sequence,class=band",
        "softmax:soft=1", "sinkhorn:1", "sinkhorn:4", "sinkhorn:iterations=3,epsilon=0.5", "sinkhorn:3,window=1",
        "sinkhorn:3,soft=1", "sinkhorn:8",
        "linear:scale=0.5,eps=0.001",
        "disentangled:axes=1", "disentangled:axes=1,cls=sequence,span=4,farthest=8",
        "disentangled:terms=c2p/p2c/p2p,span=2", "disentangled:terms=c2p,shared=false",
        "disentangled:terms=c2p/p2c/p2p,shared=false,axes=1,span=3", "disentangled:window=1,span=2",
        "disentangled:soft=1,span=2", "disentangled:axes=1,lai=sequence,window=2",
        "performer:kernel=relu", "dat:mix=performer,kernel=3,eps=0", "performer:16,window=1",
        "performer:window=1,lai=sequence,eps=0", "performer:soft=1,eps=0", "disentangled:mix=performer,span=2",
        "disentangled:mix=performer,axes=1,window=2,lai=sequence,span=2",
        "deformable:levels=2,points=3", "deformable:levels=3,points=1", "dat:groups=2,stride=1,kernel=3,range=3",
        "dat:mix=performer,features=5",
    ];

    public static TheoryData<string> Mechanisms =>
        [.. AttentionCatalogue.All.Select(entry => entry.Name), .. Variants];

    public static TheoryData<string> PresetNames => [.. Presets.All.Select(preset => preset.Name)];

    [Theory]
    [MemberData(nameof(Mechanisms))]
    public void Mechanisms_give_our_scores(string attention) => Compare(Models.WithAttention(attention));

    [Theory]
    [MemberData(nameof(PresetNames))]
    public void Presets_give_our_scores(string name) => Compare(Models.Shrunk(Presets.Find(name).Config));

    private static void Compare(ModelConfig config, OnnxOptions? options = null, double tolerance = Tolerance)
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "model.onnx");
        ImageClassifier model = Models.Create(config);
        OnnxExport.Write(model, path, options ?? new());
        using InferenceSession session = Runtime.Open(path);
        int size = options?.ImageSize ?? config.ImageSize;
        foreach (int batch in (int[])[1, 7])
        {
            float[] images = Models.Images(config, batch, size), ours = Models.Scores(model, images, batch, size);
            float[] theirs = Runtime.Run(session, images, batch, config.Channels, size, size);
            Assert.Equal(ours.Length, theirs.Length);
            double largest = ours.Zip(theirs, (a, b) => Math.Abs((double)a - b)).Max();
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"batch {batch}: largest difference {largest:g3}, largest score {ours.Max(Math.Abs):g3}");
            Assert.InRange(largest, 0, tolerance);
        }
    }
}

using Fovea.Lab.Probing;
using Fovea.Lab.Studies;
using Fovea.Lab.Tests.Support;
using Fovea.Tensors;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Vision.Attention;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Lab.Tests.Studies;

/// <summary><c>recipes/dinov2-sinkhorn.yaml</c> with a tiny file that has the names of DINOv2's.</summary>
public sealed class DinoSinkhornTests : IDisposable
{
    private const string Qkv = "blocks.11.attn.qkv.weight";
    private static readonly string[] Heads = ["softmax head only", "sinkhorn head only"];
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Softmax_is_exchanged_for_sinkhorn_over_pretrained_weights_which_are_tuned_and_probed()
    {
        string file = StandIn();
        string[] options = ["dim=24", "heads=3", "patch-size=7", "image-size=28", "layer-scale=0.1", "dataset=shapes",
            "epochs=1", "train-limit=32", "eval-limit=16", "batch-size=16", "augment=hflip", $"weights={file}"];
        Study study = StudyFile.Read(Path.Combine(RecipeFolder.Folder(), "dinov2-sinkhorn.yaml"))
            .With([.. options.Select(option => Setting.Read(option.Split('=')[0], option.Split('=')[1], "--option"))])
            with
        { Seeds = [0] };
        StudyPlan plan = StudyPlan.Resolve(study, _folder["study"], _ => TinyRun.Images.Info);
        Assert.Empty(new TinyStudy().Run(plan));

        float[] pretrained = Values(file, Qkv);
        foreach (StudyCell cell in plan.Cells)
        {
            Assert.NotNull(RunRecord.ReadSummary(cell.Run)?.TestAccuracy);
            bool isKept = Values(cell.Run.BestCheckpoint, Qkv).SequenceEqual(pretrained);
            Assert.Equal(Heads.Contains(cell.Configuration.Label), isKept);   // frozen where only the head learns
        }

        Assert.Equal(["softmax", "sinkhorn:5", "sinkhorn:3", "softmax|sinkhorn:5", "softmax", "sinkhorn:5"],
            plan.Cells.Select(cell => string.Join('|', Enumerable.Range(0, 12)
                .Select(block => Attention(cell, block)).Distinct())));
        Assert.Contains("## Recommendation", File.ReadAllText(_folder["study/study.md"]));
    }

    [Fact]
    public void Features_of_a_file_are_probed_with_another_attention()
    {
        Recipe Small(Recipe recipe, string attention) => recipe with
        {
            Model = recipe.Model with
            {
                Dim = 24,
                Heads = 3,
                PatchSize = 7,
                ImageSize = 28,
                LayerScale = 0.1,
                Attention = attention,
            },
        };
        string file = StandIn();
        string[] attentions = [.. new[] { "softmax", "sinkhorn:5" }.Select(attention =>
            FrozenModel.Load(file, "dinov2_vits14", Device.Cpu, recipe => Small(recipe, attention))
                .Recipe.Model.Attention!.ToString())];
        Assert.Equal(["softmax", new AttentionSpec("sinkhorn:5").ToString()], attentions);
    }

    private static string Attention(StudyCell cell, int block) =>
        $"{cell.Recipe.Model.Attention!.Of(block)}".Replace("iterations=", "");

    private static float[] Values(string path, string name)
    {
        using WeightFile file = ModelWeights.Open(path);
        return StateDict.Of(file).Weights.Single(weight => weight.Name == name).ToArray();
    }

    /// <summary>A file as dinov2_vits14_pretrain.pth, with 24 elements a token and 16 positions: no head, a mask
    /// token.</summary>
    private string StandIn()
    {
        Recipe recipe = new()
        {
            Model = new()
            {
                Name = "dinov2_vits14",
                Dim = 24,
                Heads = 3,
                PatchSize = 7,
                ImageSize = 28,
                LayerScale = 1
            },
            Optimisation = new() { Epochs = 1, BatchSize = 16 },
        };
        RunDirectory run = TinyRun.Start(recipe, _folder[$"run-{Guid.NewGuid():N}"]);
        using WeightFile weights = ModelWeights.Open(run.Path);
        Weight[] body = [.. StateDict.Of(weights).Weights
            .Where(weight => !weight.Name.StartsWith("head", StringComparison.Ordinal))];
        Assert.Contains("blocks.0.ls1.gamma", body.Select(weight => weight.Name));
        Weight token = body.Single(weight => weight.Name == "cls_token");
        string path = _folder["dinov2_vits14_pretrain.safetensors"];
        using FileStream stream = File.Create(path);
        SafetensorsWriter.Write(stream, [.. body, token with { Name = "mask_token", Shape = [1, 24] }],
            new Dictionary<string, string>());
        return path;
    }
}

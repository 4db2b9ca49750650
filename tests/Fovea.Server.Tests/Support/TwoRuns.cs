using Fovea.Tensors;
using Fovea.Training.Models;
using Fovea.Training.Recipes;

namespace Fovea.Server.Tests.Support;

/// <summary>Two trained runs, for all tests of a class.</summary>
public sealed class TwoRuns : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fovea-serve-").FullName;

    public TwoRuns()
    {
        First = Path.Combine(Folder, "first");
        Second = Path.Combine(Folder, "second");
        TinyRun.Start(TinyRun.Recipe with { Optimisation = new() { Epochs = 1, BatchSize = 16 } }, First);
        TinyRun.Start(TinyRun.Recipe with
        {
            Optimisation = new() { Epochs = 1, BatchSize = 16 },
            Run = TinyRun.Recipe.Run with { Seed = 7 },
        }, Second);
        foreach (string run in (string[])[First, Second])   // the trainer alone leaves that to its caller
            File.WriteAllText(Path.Combine(run, "config.yaml"), RecipeFile.Print(TinyRun.Recipe));
    }

    /// <summary>The folder of both.</summary>
    public string Folder => Path.Combine(_folder, "runs");

    public string First { get; }

    public string Second { get; }

    /// <summary>Probabilities of an image as <c>predict</c> has them.</summary>
    public static double[] Expected(string run, byte[] image)
    {
        TrainedModel model = TrainedModel.Load(run, Device.Cpu);
        return model.Predict(new Images.Files(model.Head.Data, image))[0];
    }

    /// <summary>A copy of a run that a test may change.</summary>
    public string CopyOfFirst()
    {
        string copy = Path.Combine(_folder, Guid.NewGuid().ToString("n"));
        Directory.CreateDirectory(Path.Combine(copy, "checkpoints"));
        File.Copy(BestOf(First), BestOf(copy));
        return copy;
    }

    /// <summary>Puts another run's best checkpoint in the place of a run's, as training does.</summary>
    public static void Replace(string run, string other)
    {
        string beside = BestOf(run) + ".new";
        File.Copy(BestOf(other), beside, overwrite: true);
        File.SetLastWriteTimeUtc(beside, DateTime.UtcNow);
        File.Move(beside, BestOf(run), overwrite: true);
    }

    public static string BestOf(string run) => Path.Combine(run, "checkpoints", "best.safetensors");

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

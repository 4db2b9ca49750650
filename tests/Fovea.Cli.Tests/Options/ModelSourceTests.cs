using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Fovea.Cli.Tests.Options;

public sealed class ModelSourceTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void The_images_of_the_training_are_known_wherever_they_lie()
    {
        string data = Folder("set"), copy = Folder("copy"), link = Path.Combine(_shell.Folder, "link");
        string run = Train(data, "run");
        (int Images, string Split) expected = Evaluate(run);
        Assert.Equal((6, "test"), expected);
        List<string[]> ways = [["--data", copy], ["--data", data, "--dataset", "image-folder"]];
        if (!OperatingSystem.IsWindows())
        {
            Directory.CreateSymbolicLink(link, data);
            ways.Add(["--data", link]);
        }

        foreach (string[] way in ways) Assert.Equal(expected, Evaluate(run, way));
        Write(Path.Combine(copy, "red", "99.ppm"), 99, 8, 8);
        Assert.Equal((61, "all"), Evaluate(run, "--data", copy));
        Assert.Contains("is not parted", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Changed_images_are_said_where_parts_were_cut_from_them()
    {
        string data = Folder("set"), run = Train(data, "run");
        Evaluate(run);
        Assert.DoesNotContain("warning", _shell.Error, StringComparison.Ordinal);
        File.Delete(Path.Combine(data, "red", "0.ppm"));
        Evaluate(run);
        Assert.Contains("warning: the images of 'folder' have changed", _shell.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(8, 8, 40, 20)]
    [InlineData(160, 96, 8, 8)]
    public void An_image_is_looked_at_in_one_way_whatever_folder_it_lies_in(int width, int height, int otherWidth,
        int otherHeight)
    {
        string run = Train(Folder("set", width, height), "run");
        string other = Folder("other", otherWidth, otherHeight, prefix: "other-");
        Assert.Equal(0, _shell.Run("predict", run, Path.Combine(other, "red", "other-0.ppm"), "--json"));
        string file = Classes(_shell.Output);
        Assert.Equal(0, _shell.Run("predict", run, "--data", other, "--index", "30", "--json"));
        Assert.Equal(file, Classes(_shell.Output));
    }

    [Fact]
    public void Numbers_are_those_of_the_predictions_that_a_run_wrote()
    {
        string run = Train(Folder("set"), "run", "--eval-limit", "4");
        Assert.Equal(0, _shell.Run("predict", run, "--index", "0,1,2,3", "--top", "2", "--csv"));
        // image,truth,class,probability and index,label,predicted,probability,label_name,predicted_name
        string[][] shown = [.. _shell.Output.Split('\n')[1..5].Select(row => row.Split(','))];
        string[][] written = [.. File.ReadAllLines(Path.Combine(run, "predictions.csv"))[1..5]
            .Select(row => row.Split(','))];
        foreach ((string[] one, string[] other) in shown.Zip(written))
        {
            Assert.Equal((other[4], other[5]), (one[1], one[2]));
            Assert.Equal(double.Parse(other[3], CultureInfo.InvariantCulture),
                double.Parse(one[3], CultureInfo.InvariantCulture), 2e-6);
        }
    }

    [Fact]
    public void An_image_that_cannot_be_read_counts_for_nothing()
    {
        string data = Folder("set"), run = Train(data, "run", "--skip-bad");
        string[] files = [.. Directory.GetFiles(data, "*.ppm", SearchOption.AllDirectories)];
        Assert.Equal((6, "test"), Evaluate(run));
        foreach (string file in files.Where(file => Path.GetFileName(file)[0] is '1' or '2'))
            File.WriteAllText(file, $"P6 8 8 255\n{file}");
        (int images, _) = Evaluate(run);
        Assert.InRange(images, 1, 5);
        Assert.Contains($"{6 - images} of 6 images cannot be read", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(1, _shell.Run("predict", run, "--index", "0,1,2,3,4,5"));
        Assert.Equal(6 - images, _shell.Error.Split("is cut off").Length - 1);
    }

    [Fact]
    public void A_run_keeps_its_own_model_whatever_preset_is_named()
    {
        string run = Train(Folder("set"), "run", "--attention", "sinkhorn:3");
        Assert.Equal(0, _shell.Run("eval", run, "--json"));
        string own = _shell.Output;
        Assert.Equal(0, _shell.Run("eval", run, "--model", "vit-nano", "--json"));
        Assert.Equal(own, _shell.Output);
        foreach (string[] command in (string[][])[["eval", run], ["export", run]])
        {
            Assert.Equal(2, _shell.Run([.. command, "--model", "vit"]));
            Assert.Contains("was trained as 'vit-nano', not as 'vit'", _shell.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_run_that_starts_from_another_holds_out_the_same_images()
    {
        string data = Folder("set"), run = Train(data, "run");
        string[] tested = Tested(run);
        Assert.NotEqual(tested, Tested(Train(data, "other", "--seed", "1")));
        Assert.Equal(tested, Tested(Tune("tuned")));
        Assert.Contains("split-seed: 0", File.ReadAllText(Path.Combine(_shell.Folder, "tuned", "config.yaml")),
            StringComparison.Ordinal);
        Assert.Equal(tested, Tested(Train(data, "student", "--seed", "1", "--teacher", run)));
        Assert.NotEqual(tested, Tested(Tune("apart", "--split-seed", "1")));
        Assert.Contains("learned from images parted by --split-seed 0", _shell.Error, StringComparison.Ordinal);

        string Tune(string name, params string[] more)
        {
            string tuned = Path.Combine(_shell.Folder, name);
            Assert.True(_shell.Run(["finetune", run, "--data", data, "--seed", "1", "--epochs", "1", "--batch-size",
                "16", "--out", tuned, "--json", .. more]) == 0, _shell.Error);
            return tuned;
        }
    }

    [Fact]
    public void Weights_are_fed_as_they_were()
    {
        string data = Folder("set"), file = Path.Combine(_shell.Folder, "weights.safetensors");
        string run = Train(data, "run", "--mean", "0.1,0.2,0.3", "--std", "0.9,0.8,0.7");
        Assert.Equal(0, _shell.Run("weights", run, "--to", file));
        foreach ((string name, string[] weights) in ((string, string[])[])
            [("a", [run]), ("b", ["--weights", file, "--model", "vit-nano", "--image-size", "8"])])
        {
            string tuned = Path.Combine(_shell.Folder, name);
            Assert.True(_shell.Run(["finetune", .. weights, "--data", data, "--epochs", "1", "--batch-size", "16",
                "--out", tuned, "--quiet"]) == 0, _shell.Error);
            string config = File.ReadAllText(Path.Combine(tuned, "config.yaml"));
            Assert.Contains("mean: 0.1,0.2,0.3", config, StringComparison.Ordinal);
            Assert.Contains("std: 0.9,0.8,0.7", config, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_cache_of_thumbnails_is_warned_of()
    {
        string data = Folder("set", 80, 80);
        string[] train = ["train", "--data", data, "--model", "vit-nano", "--image-size", "32", "--epochs", "1",
            "--batch-size", "16", "--json", "--cache"];
        Assert.Equal(0, _shell.Run([.. train, Path.Combine(_shell.Folder, "a.cache"), "--cache-size", "20", "--out",
            Path.Combine(_shell.Folder, "a")]));
        Assert.Contains("the cache keeps 20 pixels", _shell.Error, StringComparison.Ordinal);
        Assert.Contains("(--cache-size 36)", _shell.Error, StringComparison.Ordinal);
        Assert.Equal(0, _shell.Run([.. train, Path.Combine(_shell.Folder, "b.cache"), "--cache-size", "36", "--out",
            Path.Combine(_shell.Folder, "b")]));
        Assert.DoesNotContain("the cache keeps", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_without_a_dataset_have_their_own_classes()
    {
        string run = Train(Folder("set"), "run"), file = Path.Combine(_shell.Folder, "weights.safetensors"),
            image = Path.Combine(_shell.Folder, "set", "red", "3.ppm");
        Assert.Equal(0, _shell.Run("weights", run, "--to", file));
        Assert.Equal(0, _shell.Run("predict", file, image, "--model", "vit-nano", "--json"));
        Assert.Equal(["blue", "red"], Names());
        Assert.Equal(2, _shell.Run("eval", file, "--model", "vit-nano"));
        Assert.Contains("say which images (--data DIR or --dataset NAME)", _shell.Error, StringComparison.Ordinal);

        string[] Names()
        {
            using JsonDocument json = JsonDocument.Parse(_shell.Output);
            return [.. json.RootElement.GetProperty("class_names").EnumerateArray().Select(name => name.GetString()!)];
        }
    }

    /// <summary>Files of a run's test images.</summary>
    private static string[] Tested(string run)
    {
        string[] rows = File.ReadAllLines(Path.Combine(run, "predictions.csv"));
        Assert.EndsWith(",file", rows[0], StringComparison.Ordinal);
        return [.. rows[1..].Select(row => row.Split(',')[6])];
    }

    private static string Classes(string output)
    {
        using JsonDocument json = JsonDocument.Parse(output);
        return json.RootElement.GetProperty("predictions")[0].GetProperty("classes").GetRawText();
    }

    private (int Images, string Split) Evaluate(string run, params string[] more)
    {
        Assert.True(_shell.Run(["eval", run, "--json", .. more]) == 0, _shell.Error);
        using JsonDocument json = JsonDocument.Parse(_shell.Output);
        return (json.RootElement.GetProperty("images").GetInt32(), json.RootElement.GetProperty("split").GetString()!);
    }

    private string Train(string data, string name, params string[] more)
    {
        string run = Path.Combine(_shell.Folder, name);
        Assert.True(_shell.Run(["train", "--data", data, "--model", "vit-nano", "--image-size", "8", "--epochs", "1",
            "--batch-size", "16", "--quiet", "--out", run, .. more]) == 0, _shell.Error);
        return run;
    }

    /// <summary>Two classes of 30 images.</summary>
    private string Folder(string name, int width = 8, int height = 8, string prefix = "")
    {
        string folder = Path.Combine(_shell.Folder, name);
        foreach ((string label, int first) in ((string, int)[])[("red", 0), ("blue", 100)])
        {
            Directory.CreateDirectory(Path.Combine(folder, label));
            for (int i = 0; i < 30; i++)
                Write(Path.Combine(folder, label, $"{prefix}{i}.ppm"), first + i, width, height);
        }

        return folder;
    }

    private static void Write(string path, int seed, int width, int height)
    {
        byte[] pixels = new byte[3 * width * height];
        for (int i = 0; i < pixels.Length; i++)
            pixels[i] = (byte)(i % (3 * width) * 255 / (3 * width) + 7 * seed + (i % 3 == 0 ? 40 : 0));
        File.WriteAllBytes(path, [.. Encoding.ASCII.GetBytes($"P6 {width} {height} 255\n"), .. pixels]);
    }
}

using System.Text.Json;
using Fovea.Vision.Attention;

namespace Fovea.Cli.Tests.Commands;

public sealed class EstimateCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void Json_has_every_model_with_every_mechanism_on_every_number_of_devices()
    {
        Assert.Equal(0, _shell.Run("estimate", "--model", "vit", "--model", "vit-nano", "--attention", "softmax",
            "--attention", "performer:16",
            "--device", "t4", "--devices", "1,4", "--schedule", "cifar10:10", "--json"));
        JsonElement[] estimates = [.. JsonDocument.Parse(_shell.Output).RootElement.GetProperty("estimates")
            .EnumerateArray()];
        Assert.Equal(["vit", "vit", "vit-nano", "vit-nano"],
            estimates.Select(one => one.GetProperty("model").GetString()));
        Assert.All(estimates, one => Assert.Equal([1, 4],
            one.GetProperty("times").EnumerateArray().Select(time => time.GetProperty("devices").GetInt32())));
        Assert.Equal(829_322, estimates[0].GetProperty("parameters").GetInt64());
    }

    [Fact]
    public void Small_costs_are_not_nothing_and_images_are_those_that_training_uses()
    {
        Assert.Equal(0, _shell.Run("estimate", "--model", "vit-nano", "--device", "t4", "--schedule", "cifar10:1"));
        Assert.Matches(@", 0\.0*[1-9][0-9]? \$", _shell.Output);
        Assert.Contains("1 epochs of 45,000 images (cifar10, 5,000 held out)", _shell.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_state_of_the_optimiser_is_counted()
    {
        long State(string optimizer)
        {
            Assert.Equal(0, _shell.Run("estimate", "--model", "vit-nano", "--device", "t4", "--json", "--optimizer",
                optimizer));
            JsonElement estimate = JsonDocument.Parse(_shell.Output).RootElement.GetProperty("estimates")[0];
            Assert.Equal(optimizer, estimate.GetProperty("optimizer").GetString());
            return estimate.GetProperty("state_bytes").GetInt64();
        }

        Assert.True(State("lion") < State("adamw"));
        Assert.True(State("adamw") < State("adan"));
        Assert.InRange(State("muon"), State("lion"), State("adamw"));
    }

    [Fact]
    public void A_table_of_devices_can_be_copied_edited_and_used()
    {
        Assert.Equal(0, _shell.Run("estimate", "--list-devices"));
        string file = Path.Combine(_shell.Folder, "devices.yaml");
        File.WriteAllText(file, _shell.Output.Replace("name: t4,", "name: ours,", StringComparison.Ordinal));
        Assert.Equal(0, _shell.Run("estimate", "--devices-file", file, "--device", "ours"));
        Assert.Contains("1 x ours", _shell.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void This_machine_is_measured()
    {
        Assert.Equal(0, _shell.Run("estimate", "--model", "vit-nano", "--seconds", "0.2", "--schedule", "1000:1",
            "--json"));
        JsonElement estimate = JsonDocument.Parse(_shell.Output).RootElement.GetProperty("estimates")[0];
        Assert.Equal("this", estimate.GetProperty("device").GetString());
        Assert.True(estimate.GetProperty("times")[0].GetProperty("hours").GetDouble() > 0);
    }

    [Theory]
    [InlineData("h10", "h100")]
    [InlineData("a100", "a100-80gb")]
    [InlineData("rtx4091", "rtx4090")]
    public void An_unknown_device_is_told_the_nearest(string device, string nearest)
    {
        Assert.Equal(2, _shell.Run("estimate", "--device", device));
        Assert.Contains($"did you mean '{nearest}'?", _shell.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_mechanism_can_be_asked_for_at_once_and_blocks_be_computed_again()
    {
        string[] line = ["estimate", "--model", "vit-nano", "--attention", "all", "--device", "t4", "--json"];
        JsonElement[] plain = Ask(line), again = Ask([.. line, "--grad-checkpoint"]);
        Assert.Equal(AttentionCatalogue.All.Select(entry => entry.Name),
            plain.Select(one => one.GetProperty("attention").GetString()));
        Assert.All(plain.Zip(again),
            two => Assert.True(two.Second.GetProperty("training_gflops")
                .GetDouble() > 1.2 * two.First.GetProperty("training_gflops").GetDouble()));
        Assert.All(plain, one => Assert.Equal(one.GetProperty("forward_gflops").GetDouble(),
            2 * one.GetProperty("forward_gmacs").GetDouble(), 9));
        Assert.Equal(2, _shell.Run("estimate", "--model", "resnet18", "--device", "t4", "--grad-checkpoint"));
        Assert.Contains("cannot compute its blocks again", _shell.Error, StringComparison.Ordinal);

        JsonElement[] Ask(string[] words)
        {
            Assert.True(_shell.Run(words) == 0, _shell.Error);
            return [.. JsonDocument.Parse(_shell.Output).RootElement.GetProperty("estimates").EnumerateArray()];
        }
    }

    [Fact]
    public void Ranks_are_predicted_with_what_limits_them()
    {
        Assert.True(_shell.Run("estimate", "--model", "vit_base_patch16_224", "--images-per-second", "800", "--ranks",
            "1,8,64", "--shards-per-rank", "1", "--batch-per-rank", "64", "--bandwidth", "10", "--latency", "30")
            == 0, _shell.Error);
        Assert.Matches(@"1 +64 .* 80 ms .* 800 +100.0 % +compute", _shell.Output);
        Assert.Matches(@"8 +512 .* bandwidth", _shell.Output);
        Assert.Contains("given", _shell.Output, StringComparison.Ordinal);
        Assert.Contains("A model, not a measurement.", _shell.Output, StringComparison.Ordinal);

        JsonElement[] steps = Steps("estimate", "--model", "vit_base_patch16_224", "--images-per-second", "800",
            "--ranks", "1,3,8", "--batch-size", "512", "--bandwidth", "10,100");
        Assert.Equal([1, 3, 8, 1, 3, 8], steps.Select(step => step.GetProperty("ranks").GetInt32()));
        Assert.All(steps, step => Assert.Equal((512, 8),
            (step.GetProperty("batch_size").GetInt32(), step.GetProperty("shards").GetInt32())));
        Assert.Equal(512 / 800.0 * 3 / 8, steps[1].GetProperty("compute_seconds").GetDouble(), 1e-9);
        Assert.True(steps[5].GetProperty("step_seconds").GetDouble() < steps[2].GetProperty("step_seconds")
            .GetDouble());
    }

    /// <summary>The tables of the page on several processes are what its commands print.</summary>
    [Fact]
    public void The_simulation_of_the_documentation_is_up_to_date()
    {
        string page = File.ReadAllText(Checkout.At("docs", "cluster.md")).ReplaceLineEndings("\n");
        string[] shown = [.. page.Split('\n').Select(Plain)];
        string[] commands = [.. page.Replace("\\\n", "", StringComparison.Ordinal).Split('\n')
            .Where(line => line.StartsWith("fovea estimate ", StringComparison.Ordinal)
                && line.Contains("--ranks 8,16,", StringComparison.Ordinal))];
        Assert.Equal(3, commands.Length);
        foreach (string command in commands)
        {
            Assert.True(_shell.Run(command.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..]) == 0, _shell.Error);
            string[] rows = [.. _shell.Output.Split('\n').Select(Plain).Where(line => line.Contains(" s, ")
                || line.Contains(" ms, "))];
            Assert.True(rows.Length >= 7, _shell.Output);
            Assert.All(rows.Where(row => char.IsDigit(row[0])), row => Assert.Contains(row, shown));
        }

        static string Plain(string line) => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Ranks_of_a_device_and_of_this_machine_are_predicted()
    {
        JsonElement table = Steps("estimate", "--device", "a100-80gb", "--ranks", "8", "--zero", "--wire", "bf16")[0];
        Assert.InRange(table.GetProperty("efficiency").GetDouble(), 1e-6, 1);
        JsonElement own = Steps("estimate", "--model", "vit-nano", "--seconds", "0.2", "--ranks", "1")[0];
        Assert.True(own.GetProperty("optimiser_seconds").GetDouble() > 0);
        Assert.Equal(1, own.GetProperty("efficiency").GetDouble());
    }

    [Fact]
    public void A_measured_network_is_read()
    {
        string file = Path.Combine(_shell.Folder, "network.json");
        File.WriteAllText(file, """
            {"transport":"x","ranks":2,"ranks_on_machine":1,"shards":8,"sizes":[
            {"bytes":4,"repeats":9,"all_reduce_microseconds":1,"tree_sum_microseconds":20},
            {"bytes":1000004,"repeats":9,"all_reduce_microseconds":1,"tree_sum_microseconds":1020}]}
            """);
        JsonElement step = Steps("estimate", "--model", "vit-nano", "--images-per-second", "100", "--ranks", "2",
            "--network", file)[0];

        // 305,002 values in 5 buckets at 10^9 bytes a second, 2 messages of 10 us for each
        Assert.Equal(305_002 * 4e-9 + 5 * 2e-5, step.GetProperty("communication_seconds").GetDouble(), 1e-9);

        foreach (string broken in (string[])["", "null", "{}", "[1]", """{"sizes":[null]}""",
            """{"transport":"x","ranks":2,"ranks_on_machine":1,"shards":8,"sizes":null}""",
            """{"transport":"x","ranks":2,"ranks_on_machine":1,"shards":8,"sizes":[null,null]}""",
            """{"transport":"x","ranks":2000000000,"ranks_on_machine":1,"shards":2000000000,"sizes":[]}"""])
        {
            File.WriteAllText(file, broken);
            Assert.Equal(2, _shell.Run("estimate", "--images-per-second", "100", "--ranks", "2", "--network", file));
            Assert.Contains("--network", _shell.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("--shards 4", "--shards: needs --ranks.")]
    [InlineData("--ranks 2 --schedule imagenet:1", "--schedule: does not go with --ranks")]
    [InlineData("--ranks 2 --shards 8 --shards-per-rank 1", "--shards-per-rank: does not go with --shards.")]
    [InlineData("--ranks 2 --network a --latency 3", "--latency: does not go with --network.")]
    [InlineData("--ranks 2 --batch-size 8 --batch-per-rank 8", "--batch-per-rank: does not go with --batch-size.")]
    [InlineData("--ranks 16", "8 shards of a batch cannot be divided among 16 ranks.")]
    [InlineData("--ranks 2 --batch-size 4", "a batch of 4 images cannot be cut into 8 shards.")]
    [InlineData("--ranks 0", "--ranks: '0' is not")]
    [InlineData("--ranks 2 --bandwidth 0", "--bandwidth: '0' is not")]
    [InlineData("--ranks 4096 --shards-per-rank 4096", "a batch of 256 images cannot be cut into")]
    [InlineData("--ranks 2 --batch-per-rank 2000000000", "--batch-per-rank")]
    public void Options_that_make_no_sense_with_ranks_are_refused(string line, string expected)
    {
        Assert.Equal(2, _shell.Run(["estimate", "--images-per-second", "100", .. line.Split(' ')]));
        Assert.Contains(expected, _shell.Error, StringComparison.Ordinal);
    }

    private JsonElement[] Steps(params string[] words)
    {
        Assert.True(_shell.Run([.. words, "--json"]) == 0, _shell.Error);
        return
        [
            .. JsonDocument.Parse(_shell.Output).RootElement.GetProperty("clusters")[0].GetProperty("networks")
                .EnumerateArray().SelectMany(network => network.GetProperty("steps").EnumerateArray()),
        ];
    }
}

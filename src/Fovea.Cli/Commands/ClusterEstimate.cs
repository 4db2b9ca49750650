using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Core.Formats;
using Fovea.Lab.Benchmarks;
using Fovea.Lab.Estimation;
using Fovea.Lab.Estimation.Clusters;
using Spectre.Console;
using static System.FormattableString;

namespace Fovea.Cli.Commands;

/// <summary><c>fovea estimate --ranks N</c>: a training step on several ranks, before there are any.</summary>
internal sealed class ClusterEstimate
{
    private const int MostRanks = 4096, MostImages = 1 << 24, UsualShards = 8, LargestFile = 1 << 20;
    private const double UsualLatency = 20, UsualBandwidth = 25, UsualAdding = 8;
    private static readonly Core.Options.ValueForm<double> Positive = ValueForm.Real(new Interval(1e-6, 1e9));

    private readonly Option<int[]> _ranks = Make.List("--ranks", ValueForm.Whole(1, MostRanks), [],
        "Predict a step on so many ranks of mpirun instead: docs/cluster.md");
    private readonly Option<int?> _shards = Make.Maybe("--shards", ValueForm.Whole(1, MostRanks),
        $"With --ranks: shards of the batch; {UsualShards} unless given");
    private readonly Option<int?> _shardsPerRank = Make.Maybe("--shards-per-rank", ValueForm.Whole(1, MostRanks),
        "With --ranks: shards that grow with the ranks");
    private readonly Option<int?> _batchPerRank = Make.Maybe("--batch-per-rank", SizeForms.Batch,
        "With --ranks: images of a step that grow with the ranks, instead of --batch-size");
    private readonly Option<double> _latency = Make.Of("--latency", Positive with { Placeholder = "US" }, UsualLatency,
        "With --ranks: microseconds of a message");
    private readonly Option<double[]> _bandwidth = Make.List("--bandwidth", Positive with { Placeholder = "GBIT" },
        [UsualBandwidth], "With --ranks: Gbit/s of a rank's link, in each direction");
    private readonly Option<double> _adding = Make.Of("--sum-bandwidth", Positive with { Placeholder = "GB" },
        UsualAdding, "With --ranks: GB/s of a vector that a rank packs, adds and unpacks by itself");
    private readonly Option<string?> _network = Make.Text("--network", "FILE",
        "With --ranks: what 'fovea bench --collective --json' wrote, instead of those three");
    private readonly Option<string> _wire = Make.Choice("--wire", "With --ranks: gradients between ranks", "fp32",
        "bf16");
    private readonly Option<bool> _sharded = Make.Switch("--zero",
        "With --ranks: each rank keeps the optimiser's state of its share of the parameters (ZeRO-1)");
    private readonly Option<double?> _speed = Make.Maybe("--images-per-second", Positive,
        "With --ranks: training speed of one rank, instead of a device's");

    /// <summary>Gives the command the options.</summary>
    public ClusterEstimate(Command command)
    {
        command.Add(_ranks);
        foreach (Option option in Others) command.Add(option);
    }

    private IEnumerable<Option> Others => [_shards, _shardsPerRank, _batchPerRank, _latency, _bandwidth, _adding,
        _network, _wire, _sharded, _speed];

    /// <summary>Ranks are asked for; what belongs to them means nothing alone.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="whole">Options that say nothing of a step.</param>
    /// <exception cref="UsageException">Options that do not go together.</exception>
    public bool IsAsked(ParseResult parsed, params IEnumerable<Option> whole)
    {
        bool isAsked = parsed.GetResult(_ranks) is { Implicit: false };
        if ((isAsked ? whole : Others).FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false })
            is Option other)
            throw new UsageException(isAsked ? $"{other.Name}: does not go with --ranks, which predicts a step."
                : $"{other.Name}: needs --ranks.");
        foreach ((Option first, Option second) in (ReadOnlySpan<(Option, Option)>)[(_shards, _shardsPerRank),
            (_network, _latency), (_network, _bandwidth), (_network, _adding)])
            if (parsed.GetResult(first) is { Implicit: false } && parsed.GetResult(second) is { Implicit: false })
                throw new UsageException($"{second.Name}: does not go with {first.Name}.");
        return isAsked;
    }

    /// <summary>Predicts and writes.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="terminal">The writers.</param>
    /// <param name="models">Models and global batches.</param>
    /// <param name="device">The device; null: one of this machine is measured.</param>
    /// <param name="isBatchGiven">The batch was asked for.</param>
    /// <param name="isJson">As JSON.</param>
    public void Run(ParseResult parsed, Terminal terminal, IEnumerable<BenchmarkOptions> models, DeviceProfile? device,
        bool isBatchGiven, bool isJson)
    {
        if (isBatchGiven && parsed.GetValue(_batchPerRank) is not null)
            throw new UsageException("--batch-per-rank: does not go with --batch-size.");
        IReadOnlyList<(string Name, NetworkModel Model)> networks = Networks(parsed);
        List<object> results = [];
        foreach (BenchmarkOptions options in models)
        {
            ClusterRank rank = ClusterRank.Of(options, device, parsed.GetValue(_speed));
            List<(string, NetworkModel, ClusterStep[])> steps = [];
            foreach ((string name, NetworkModel network) in networks)
            {
                ClusterModel model = new()
                {
                    Parameters = rank.Parameters,
                    Compute = rank.Compute,
                    Network = network,
                    WireBytes = parsed.GetValue(_wire) == "bf16" ? 2 : sizeof(float),
                    ShardsOptimiser = parsed.GetValue(_sharded),
                };
                steps.Add((name, network, [.. parsed.GetRequiredValue(_ranks).Select(ranks => model.Predict(ranks,
                    Times(parsed, _shardsPerRank, ranks) ?? parsed.GetValue(_shards) ?? UsualShards,
                    Times(parsed, _batchPerRank, ranks) ?? options.BatchSize))]));
            }

            if (isJson)
                results.Add(new
                {
                    options.Model,
                    Rank = rank,
                    Networks = steps.Select(one => new { Name = one.Item1, Network = one.Item2, Steps = one.Item3 }),
                });
            else Print(terminal.Console, options.Model, rank, steps, parsed.GetRequiredValue(_wire));
        }

        if (isJson) terminal.Output.Document(new { Clusters = results });
    }

    /// <summary>A number that grows with the ranks; null where it was not given.</summary>
    private static int? Times(ParseResult parsed, Option<int?> option, int ranks) => parsed.GetValue(option) switch
    {
        null => null,
        int one when (long)one * ranks <= MostImages => one * ranks,
        int one => throw new UsageException(
            $"{option.Name}: {one} for each of {ranks} ranks are more than {MostImages:#,0}."),
    };

    private IReadOnlyList<(string, NetworkModel)> Networks(ParseResult parsed)
    {
        if (parsed.GetValue(_network) is string file) return [(file, NetworkModel.Of(Read(file)))];
        return
        [
            .. parsed.GetRequiredValue(_bandwidth).Select(bandwidth => (
                Invariant($"{bandwidth:0.###} Gbit/s"),
                new NetworkModel(parsed.GetValue(_latency) * 1e-6, bandwidth * 1e9 / 8,
                    parsed.GetValue(_adding) * 1e9))),
        ];
    }

    private static CollectiveResult Read(string file)
    {
        PlainFile.Require(file, "a measured network");
        try
        {
            if (new FileInfo(file).Length <= LargestFile
                && JsonText.Read<CollectiveResult?>(File.ReadAllText(file)) is { Sizes: not null } result
                && result.Ranks <= MostRanks && result.Shards <= MostRanks
                && result.Sizes.All(size => (CollectiveTiming?)size is not null)) return result;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--network: cannot read '{file}': {error.Message}");
        }
        catch (JsonException)
        {
            // said below
        }

        throw new UsageException($"--network: '{file}' is not what 'fovea bench --collective --json' writes.");
    }

    private static void Print(IAnsiConsole console, string model, ClusterRank rank,
        List<(string Name, NetworkModel Network, ClusterStep[] Steps)> all, string wire)
    {
        console.Line($"{model}: {Phrases.Count(rank.Parameters)} parameters; one rank takes "
            + $"{Time(rank.Compute.SecondsPerImage)} an image{Optimiser(rank.Compute)} ({rank.Origin}); gradients in "
            + $"{wire}.");
        if (all is [var (name, network, steps)])
        {
            Tables table = Tables.Create(">ranks", ">batch", "?>shards", ">compute", "?>exchange", ">waiting",
                "?>optimiser", ">step", ">images/s", ">efficiency", "!limit");
            foreach (ClusterStep step in steps)
                table.AddRow(new Cell(Phrases.Count(step.Ranks)), new Cell(Phrases.Count(step.BatchSize)),
                    new Cell(Phrases.Count(step.Shards)), new Cell(Time(step.ComputeSeconds)),
                    new Cell(Time(step.CommunicationSeconds)), new Cell(Time(step.ExposedSeconds)),
                    new Cell(Time(step.OptimiserSeconds)), new Cell(Time(step.StepSeconds)),
                    new Cell(Phrases.Count(step.ImagesPerSecond)), new Cell(Phrases.Percent(step.Efficiency)),
                    new Cell(Name(step.Limit)));
            console.Write(table);
            console.Line($"Network {name}: {Time(network.Latency)} a message, "
                + $"{Plain(network.Bandwidth * 8e-9)} Gbit/s in each direction"
                + (network.SumBandwidth is double adding ? $", {Plain(adding / 1e9)} GB/s of adding." : "."));
        }
        else
        {
            Tables table = Tables.Create([">ranks", ">batch", "?>shards", .. all.Select(one => $">{one.Name}")]);
            for (int i = 0; i < all[0].Steps.Length; i++)
            {
                ClusterStep first = all[0].Steps[i];
                table.AddRow([new Cell(Phrases.Count(first.Ranks)), new Cell(Phrases.Count(first.BatchSize)),
                    new Cell(Phrases.Count(first.Shards)), .. all.Select(one => new Cell(Short(one.Steps[i])))]);
            }

            console.Write(table);
            console.Line($"Time of a step, efficiency and limit by network: {Time(all[0].Network.Latency)} a message, "
                + $"{Plain(all[0].Network.SumBandwidth / 1e9 ?? 0)} GB/s of adding.");
        }

        console.Line(
            "A model, not a measurement. Waiting: what the backward pass of the last shard does not hide of the "
            + "exchange. Efficiency: against one rank, times the ranks. Limit: where most of the rest is lost.");
    }

    private static string Optimiser(RankCompute compute) =>
        compute.OptimiserSeconds > 0 ? $" and {Time(compute.OptimiserSeconds)} for the optimiser" : "";

    private static string Short(ClusterStep step) =>
        $"{Time(step.StepSeconds)}, {Phrases.Percent(step.Efficiency)} {Name(step.Limit)}";

    private static string Name(ClusterLimit limit) => limit.ToString().ToLowerInvariant();

    private static string Plain(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Time(double seconds) => seconds switch
    {
        0 => "0",
        < 1e-3 => Invariant($"{seconds * 1e6:G3} us"),
        < 1 => Invariant($"{seconds * 1e3:G3} ms"),
        < 100 => Invariant($"{seconds:G3} s"),
        _ => Invariant($"{seconds:#,0} s"),
    };
}

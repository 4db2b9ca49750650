namespace Fovea.Cli.Options;

/// <summary>Options of timm's scripts that people paste and that change nothing here: taken, with a line that says
/// so.</summary>
internal static class IdleOptions
{
    private const string NoMeaning = "has no meaning here and changes nothing.";
    private const string Float32 = "changes nothing: --precision bf16 computes in bfloat16, on every device.";
    private const string Kept = "changes nothing: --keep-checkpoints says how many are kept.";
    private const string Ranks = "changes nothing: one process uses all cores, and several start by mpirun "
        + "(docs/cluster.md).";
    private const string BatchNorm = "changes nothing: batch norm always has the statistics of the whole batch, on one "
        + "rank or many.";

    /// <summary>Values: 0 none, 1 one, -1 one where a word of <see cref="Compilers"/> follows.</summary>
    private static readonly Dictionary<string, (int Values, string Reason)> Known = new(StringComparer.Ordinal)
    {
        ["--amp"] = (0, Float32),
        ["--no-amp"] = (0, Float32),
        ["--native-amp"] = (0, Float32),
        ["--apex-amp"] = (0, Float32),
        ["--amp-dtype"] = (1, Float32),
        ["--amp-impl"] = (1, Float32),
        ["--model-dtype"] = (1, Float32),
        ["--pin-mem"] = (0, NoMeaning),
        ["--no-pin-mem"] = (0, NoMeaning),
        ["--channels-last"] = (0, NoMeaning),
        ["--no-prefetcher"] = (0, NoMeaning),
        ["--torchscript"] = (0, NoMeaning),
        ["--torchcompile"] = (-1, "changes nothing: --compiled notes the passes of a step once, on the CPU."),
        ["--fuser"] = (1, NoMeaning),
        ["--fast-norm"] = (0, NoMeaning),
        ["--aot-autograd"] = (0, NoMeaning),
        ["--use-multi-epochs-loader"] = (0, NoMeaning),
        ["--worker-seeding"] = (1, "changes nothing: random numbers do not depend on the workers."),
        ["--synchronize-step"] = (0, NoMeaning),
        ["--dist-bn"] = (1, BatchNorm),
        ["--sync-bn"] = (0, BatchNorm),
        ["--no-ddp-bb"] = (0, Ranks),
        ["--local-rank"] = (1, Ranks),
        ["--checkpoint-hist"] = (1, Kept),
        ["--recovery-interval"] = (1, "changes nothing: --checkpoint-every says how often a run is saved."),
        ["--eval-metric"] = (1, "changes nothing: the best epoch is that of the best validation accuracy."),
    };

    private static readonly string[] Compilers = ["inductor", "eager", "aot_eager", "cudagraphs", "onnxrt", "tvm",
        "openxla"];

    /// <summary>The arguments without those options.</summary>
    /// <param name="arguments">A command and its arguments.</param>
    /// <param name="said">Gets the line about each, once.</param>
    public static string[] Without(string[] arguments, Action<string> said)
    {
        if (arguments.FirstOrDefault() is not ("train" or "finetune" or "eval" or "predict" or "explain" or "probe"
            or "bench")) return arguments;
        List<string> kept = [];
        HashSet<string> told = [];
        for (int i = 0; i < arguments.Length; i++)
        {
            string name = arguments[i].Split('=')[0];
            if (!Known.TryGetValue(name.Replace('_', '-'), out (int Values, string Reason) idle))
            {
                kept.Add(arguments[i]);
                continue;
            }

            if (told.Add(name)) said($"{name} {idle.Reason}");
            bool isFollowed = i + 1 < arguments.Length && !arguments[i].Contains('=')
                && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal);
            if (isFollowed && (idle.Values == 1 || (idle.Values < 0 && Compilers.Contains(arguments[i + 1])))) i++;
        }

        return [.. kept];
    }
}

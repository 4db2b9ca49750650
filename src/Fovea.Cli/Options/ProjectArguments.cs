using System.Globalization;

namespace Fovea.Cli.Options;

/// <summary>
/// Command lines of projects whose models are built in. <c>python train.py ARGUMENTS</c> runs as
/// <c>fovea train.py ARGUMENTS</c>, with what that script does unless it is told; <c>fovea train</c> takes the same
/// arguments with defaults of its own.
/// </summary>
/// <remarks>
/// The scripts are <c>train.py</c> of the projects with linear attention (models vit, vitl and vitx) and with
/// deformable, disentangled and locality-aware attention (dinkofranceschi/ViT, read in its code), and
/// <c>one_expe.py</c> and <c>one_expe_mnist.py</c> of the Sinkformers (michaelsdr/sinkformers).
/// </remarks>
internal static class ProjectArguments
{
    private const string NotRead = "changes nothing: the script does not read it.";
    private const string Wandb = "changes nothing: --track wandb writes an offline run for Weights & Biases.";
    private const string Data = "data";

    /// <summary>Scripts with their arguments unless given, in the words of Fovea.</summary>
    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["train.py"] = "--model vit-cifar --dataset mnist --epochs 100 --batch-size 128 --optimizer adamw --lr 1e-4 "
            + "--weight-decay 0.01 --schedule step:size=70,gamma=0.9 --warmup-epochs 0 --label-smoothing 0.1 "
            + "--dropout 0.1 --clip-grad 1 --attention performer:features=16 --image-size 32",
        ["one_expe.py"] = "--model sinkformer --dataset cats-and-dogs --epochs 300 --batch-size 64 --optimizer adam "
            + "--lr 3e-5 --weight-decay 0 --schedule multi-step:at=250,gamma=0.1 --warmup-epochs 0 --val-share 0.2 "
            + "--augment resize:224x224,random-resized-crop:224,hflip --attention sinkhorn:3",
        ["one_expe_mnist.py"] = "--model sinkformer-mnist --dataset mnist --epochs 45 --batch-size 100 --optimizer "
            + "adam --lr 5e-4 --weight-decay 0 --schedule multi-step:at=34/40,gamma=0.1 --warmup-epochs 0 "
            + "--augment none --attention sinkhorn:5",
    };

    /// <summary>Models whose script trains on CIFAR-10 and has no defaults to keep.</summary>
    private static readonly string[] LinearModels = ["vit", "vitl", "vitx"];

    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["--num-layers"] = "--depth",
        ["--embed-dim"] = "--dim",
        ["--num-heads"] = "--heads",
        ["--output-dir"] = "--out",
        ["--ps"] = "--patch-size",
    };

    private static readonly Dictionary<string, string> Idle = new(StringComparer.Ordinal)
    {
        ["--wandb-project"] = Wandb,
        ["--wandb-entity"] = Wandb,
        ["--wandb-group"] = Wandb,
        ["--log-dir"] = NotRead,
        ["--saving-name"] = "changes nothing: checkpoints lie in the run's directory, --out.",
        ["--save-freq"] = "changes nothing: --keep-checkpoints says how many are kept.",
        ["--dataparallel"] = "changes nothing: one device computes; several ranks start by mpirun (docs/cluster.md).",
    };

    /// <summary>Arguments that several others make together.</summary>
    private static readonly HashSet<string> Joined = new(StringComparer.Ordinal)
    {
        "--attention", "--num-orf", "--kernel", "--locality-aware-init", "--de-attn-type", "--n-it", "--step-lr",
        "--gamma-lr", "--dim-feedforward", "--clip-norm", "--pre-trained",
    };

    /// <summary>The arguments in the words of <c>fovea train</c>.</summary>
    /// <param name="arguments">A command and its arguments.</param>
    /// <param name="said">Gets a line about what changes nothing, and about how the command line was read.</param>
    /// <returns>The same array where it is no command line of a project.</returns>
    public static string[] Translate(string[] arguments, Action<string> said)
    {
        if (arguments is not [string first, ..]) return arguments;
        string script = Path.GetFileName(first);
        bool isScript = Scripts.ContainsKey(script);
        if (!isScript && first != "train") return arguments;
        Given given = Given.Of(arguments[1..]);
        if (!isScript && !given.Names.Any(IsOfProjects) && !IsProjectAttention(given["--attention"])) return arguments;

        List<string> meant = [.. given.Others];
        void Set(string name, string? value)
        {
            if (value is not null) meant.AddRange([name, value]);
        }

        bool isLinear = script == "train.py" && LinearModels.Contains(given["--model"]);
        foreach ((string name, string[] values) in given.Options)
        {
            string key = name.Replace('_', '-');
            if (Idle.TryGetValue(key, out string? reason)) said($"{name} {reason}");
            else if (script == "train.py" && !isLinear && key == "--model" && IsUnread(values))
                said($"{name} {NotRead}");
            else if (key == "--dataset") AddDataset(values, Set);
            else if (!Joined.Contains(key)) meant.AddRange([Renamed.GetValueOrDefault(key, name), .. values]);
        }

        foreach ((string name, string value) in Combined(given)) Set(name, value);
        if (isScript)
        {
            string[] defaults = isLinear ? ["--dataset", "cifar10"] : Scripts[script].Split(' ');
            for (int i = 0; i < defaults.Length; i += 2)
                if (!Has(meant, defaults[i])) Set(defaults[i], defaults[i + 1]);
            if (script == "train.py" && !isLinear && !Has(meant, "--augment")) Set("--augment", AugmentOf(meant));
            if (!Has(meant, "--data") && Directory.Exists(Data)) Set("--data", Data);
        }

        said("read as: fovea train " + string.Join(' ', meant.Select(Quoted)));
        return ["train", .. meant];
    }

    private static bool IsOfProjects(string name) =>
        name != "--attention" && (Renamed.ContainsKey(name) || Idle.ContainsKey(name) || Joined.Contains(name));

    private static bool IsUnread(string[] values) =>
        values is [string model] && model.StartsWith("ViT-", StringComparison.Ordinal);

    private static bool Has(List<string> arguments, string name) =>
        arguments.Any(argument => argument.StartsWith('-')
            && Canonical(argument.Split('=')[0]) == Canonical(name));

    /// <summary>The option that a name stands for, so that a default does not add a second one.</summary>
    private static string Canonical(string name) =>
        Training.Recipes.RecipeFields.Find(name.TrimStart('-').Replace('_', '-'))?.Name ?? name.Replace('_', '-');

    private static string Quoted(string argument) => argument.Contains(' ') ? $"'{argument}'" : argument;

    /// <summary>Names of datasets of one project carry the size that images are brought to.</summary>
    private static void AddDataset(string[] values, Action<string, string?> set)
    {
        string name = values.FirstOrDefault() ?? "";
        bool isLarge = name.EndsWith("_224", StringComparison.Ordinal);
        set("--dataset", isLarge ? name[..^4] : name);
        if (isLarge) set("--image-size", "224");
    }

    private static string AugmentOf(List<string> meant)
    {
        string Value(string name) => meant[meant.IndexOf(name) + 1];
        return Value("--dataset").Equals("mnist", StringComparison.OrdinalIgnoreCase) ? "none"
            : "hflip,color-jitter:brightness=0.4:contrast=0.4:saturation=0.4,random-resized-crop:"
                + $"{Value("--image-size")}:scale=0.7..1:interpolation=bicubic";
    }

    /// <summary>Options that arguments make together.</summary>
    private static IEnumerable<(string Name, string Value)> Combined(Given given)
    {
        if (given["--n-it"] is string iterations) yield return ("--attention", $"sinkhorn:{iterations}");
        else if (AttentionOf(given) is string attention) yield return ("--attention", attention);
        if (given["--attention"] is "transformer_timm_base" or "performer_timm_base")
        {
            yield return ("--model", "vit_base_patch16_224");
            yield return ("--pretrained", given.Has("--pre-trained") ? "false" : "true");
        }

        if (given["--step-lr"] is not null || given["--gamma-lr"] is not null)
            yield return ("--schedule", $"step:size={given["--step-lr"] ?? "70"},gamma={given["--gamma-lr"] ?? "0.9"}");
        if (given["--dim-feedforward"] is string hidden)
            yield return ("--mlp-ratio", Ratio(hidden, given["--embed-dim"] ?? "384"));
        if (given["--clip-norm"] is string norm)
            yield return ("--clip-grad", double.TryParse(norm, CultureInfo.InvariantCulture, out double length)
                && length <= 0 ? "none" : norm);
    }

    private static string Ratio(string hidden, string dim) =>
        double.TryParse(hidden, CultureInfo.InvariantCulture, out double a)
            && double.TryParse(dim, CultureInfo.InvariantCulture, out double b) && b > 0
            ? (a / b).ToString(CultureInfo.InvariantCulture) : hidden;

    private static bool IsProjectAttention(string? name) =>
        name is "transformer" || (name is not null && name.Contains('_'));

    /// <summary>The mechanism of a project's name; null: it is given by another name.</summary>
    private static string? AttentionOf(Given given)
    {
        string features = $"features={given["--num-orf"] ?? "16"}"
            + (given["--kernel"] is string kernel ? $",kernel={kernel}" : "");
        string? locality = given.All("--locality-aware-init") is { Length: > 0 } epochs
            ? $"lai=sequence,class=band,window=8/12/18/20,until={string.Join('/', epochs.TakeLast(4))}" : null;
        string terms = given["--de-attn-type"] is string types ? $"terms={types.Replace('|', '/')}," : "";
        return given["--attention"] switch
        {
            "transformer" or "transformer_timm" or "transformer_timm_base" => "softmax",
            "performer" or "performer_timm" or "performer_timm_base" when given.Has("--num-orf")
                || given.Has("--kernel") || given["--attention"] != "performer" => $"performer:{features}",
            "transformer_timm_lai" => locality is null ? "softmax" : $"softmax:{locality}",
            "disentangled_transformer" => $"disentangled:{terms}axes=1",
            "disentangled_performer" =>
                $"disentangled:{terms}axes=1,mix=performer,features={given["--num-orf"] ?? "16"}",
            "disentangled_lai_attention" => $"disentangled:{terms}axes=1" + (locality is null ? "" : $",{locality}"),
            "deformable_transformer" => "deformable",
            "deformable_performer" => $"dat:mix=performer,features={given["--num-orf"] ?? "16"}",
            string other => other,
            null when given.Has("--num-orf") || given.Has("--kernel") => $"performer:{features}",
            null => locality is null ? null : $"softmax:{locality}",
        };
    }

    /// <summary>Arguments as they were given: options with their values, and what belongs to none.</summary>
    private sealed record Given(IReadOnlyList<(string Name, string[] Values)> Options, IReadOnlyList<string> Others)
    {
        public IEnumerable<string> Names => Options.Select(option => option.Name.Replace('_', '-'));

        /// <summary>The only value of an option, the last where it comes twice; null: it is not given.</summary>
        public string? this[string name] => All(name)?.FirstOrDefault();

        public string[]? All(string name) =>
            Options.LastOrDefault(option => option.Name.Replace('_', '-') == name).Values;

        public bool Has(string name) => All(name) is not null;

        public static Given Of(string[] arguments)
        {
            List<(string Name, List<string> Values)> options = [];
            List<string> others = [];
            foreach (string argument in arguments)
                if (argument.Length > 1 && argument[0] == '-' && !char.IsAsciiDigit(argument[1]))
                {
                    string[] parts = argument.Split('=', 2);
                    options.Add((parts[0], [.. parts.Skip(1)]));
                }
                else if (options.Count > 0) options[^1].Values.Add(argument);
                else others.Add(argument);
            return new([.. options.Select(option => (option.Name, option.Values.ToArray()))], others);
        }
    }
}

using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Naming;

/// <summary>Names and shapes of the tensors of one kind of model of a code base: what <see cref="StateDict"/> reads,
/// written.</summary>
public sealed class NamingDialect
{
    private readonly NamingScheme _scheme;
    private readonly NameRule[] _rules;
    private readonly string _model;

    private NamingDialect(NamingScheme scheme, string model, params NameRule[] rules) =>
        (_scheme, _model, _rules) = (scheme, model, rules);

    /// <summary>timm's Vision Transformers.</summary>
    public static NamingDialect Timm { get; } = new(NamingSchemes.Timm, "");

    /// <summary>timm's models of the EVA family, such as its DINOv3.</summary>
    /// <param name="isGated">The MLP has a gate.</param>
    public static NamingDialect Eva(bool isGated) => new(NamingSchemes.Eva, "",
        [.. isGated ? NamingSchemes.EvaGated : [], .. NamingSchemes.EvaCommon]);

    /// <summary>timm's and torchvision's residual networks.</summary>
    public static NamingDialect ResNet { get; } = new(NamingSchemes.ResNet, "");

    /// <summary>torchvision's Vision Transformers.</summary>
    public static NamingDialect TorchvisionVit { get; } =
        new(NamingSchemes.TorchvisionVit, "", NamingSchemes.Torchvision);

    /// <summary>transformers' ViTForImageClassification.</summary>
    public static NamingDialect HfVit { get; } = new(NamingSchemes.HuggingFace, "vit.",
        [.. NamingSchemes.HfCommon, .. NamingSchemes.HfVit, .. NamingSchemes.HfHead]);

    /// <summary>transformers' DeiTForImageClassificationWithTeacher.</summary>
    public static NamingDialect HfDeit { get; } = new(NamingSchemes.HuggingFace, "deit.",
        [.. NamingSchemes.HfCommon, .. NamingSchemes.HfVit, .. NamingSchemes.HfHeads]);

    /// <summary>transformers' ResNetForImageClassification.</summary>
    public static NamingDialect HfResNet { get; } =
        new(NamingSchemes.HuggingFace, "resnet.", NamingSchemes.HfResNet);

    /// <summary>Microsoft's convolutional vision transformers.</summary>
    public static NamingDialect Cvt { get; } = new(NamingSchemes.Cvt, "");

    private string? MaskToken { get; init; }

    private bool HasClassPosition { get; init; }

    private bool ReadsMean { get; init; }

    /// <summary>transformers' Dinov2ForImageClassification, or with registers
    /// Dinov2WithRegistersForImageClassification.</summary>
    /// <param name="hasRegisters">There are registers.</param>
    /// <param name="isGated">The MLP has a gate.</param>
    public static NamingDialect HfDinov2(bool hasRegisters, bool isGated) => new(NamingSchemes.HuggingFace,
        hasRegisters ? "dinov2_with_registers." : "dinov2.",
        [.. NamingSchemes.HfCommon, .. NamingSchemes.HfDino,
            .. isGated ? NamingSchemes.HfDinoGated : NamingSchemes.HfDinoMlp, .. NamingSchemes.HfHead])
    {
        MaskToken = "{model}embeddings.mask_token",
        HasClassPosition = hasRegisters,
        ReadsMean = true,
    };

    /// <summary>facebookresearch's DinoVisionTransformer.</summary>
    /// <inheritdoc cref="HfDinov2"/>
    public static NamingDialect DinoV2(bool hasRegisters, bool isGated) => new(NamingSchemes.DinoV2, "",
        [.. isGated ? NamingSchemes.DinoGated : [], .. NamingSchemes.DinoCommon])
    {
        MaskToken = "mask_token",
        HasClassPosition = hasRegisters,
    };

    /// <summary>The same tensors without a beginning before the names, as a model without a classifier head has
    /// them.</summary>
    public NamingDialect Bare => new(_scheme, "", _rules)
    {
        MaskToken = MaskToken,
        HasClassPosition = HasClassPosition,
        ReadsMean = ReadsMean,
    };

    /// <summary>A model's tensors as the code base has them.</summary>
    /// <param name="weights">Under timm's names.</param>
    /// <exception cref="UsageException">There is no name for one of them.</exception>
    public IReadOnlyList<Weight> Write(IReadOnlyList<Weight> weights)
    {
        List<Weight> written = [];
        foreach (Weight weight in weights.Select(Shaped))
        {
            if (weight.Name.StartsWith("pos_embed", StringComparison.Ordinal) && MaskToken is not null)
                written.Add(Filled(MaskToken.Replace("{model}", _model, StringComparison.Ordinal), weight, 0,
                    1, weight.Shape[^1]));
            if (NameOf(weight.Name) is string name) written.Add(Named(weight, name, weight.Name));
            else
                for (int part = 0, parts = NamingScheme.PartsOf(weight.Name); part < parts; part++)
                {
                    string ours = $"{weight.Name}{NamingScheme.PartMark}{part}";
                    Weight own = weight.Window(part * weight.Count / parts,
                        [weight.Shape.Count > 0 ? weight.Shape[0] / parts : 0, .. weight.Shape.Skip(1)]);
                    written.Add(Named(own, NameOf(ours) ?? weight.Name, ours));
                }
        }

        return written;
    }

    /// <summary>The written name of one of timm's; null: it is written in parts.</summary>
    private string? NameOf(string ours)
    {
        foreach (NameRule rule in _rules)
            if (rule.Write(ours, _model) is string name) return name;
        bool isJoined = _rules.Any(rule => rule.IsPart
            && rule.Write($"{ours}{NamingScheme.PartMark}0", _model) is not null);
        return !isJoined && IsLikeTimm && _scheme.Translate(ours) == ours ? ours : null;
    }

    /// <summary>Names that have no rule are timm's.</summary>
    private bool IsLikeTimm => _scheme != NamingSchemes.HuggingFace && _scheme != NamingSchemes.TorchvisionVit;

    private Weight Named(Weight weight, string name, string ours) => _scheme.Translate(name) == ours
        ? weight with { Name = name }
        : throw new UsageException($"{_scheme.Name} has no name for '{weight.Name}'.");

    /// <summary>
    /// Where the code base has other tensors: a position of the class token besides those of the patches, which timm
    /// has in the token (here -0: what is added to it stays as it is); a head that reads the patches' mean as well,
    /// with weights of 0.
    /// </summary>
    private Weight Shaped(Weight weight)
    {
        if (HasClassPosition && weight is { Name: "pos_embed", Shape: [1, var tokens, var dim] })
            return Weight.Concatenate(weight.Name,
                [Filled(weight.Name, weight, -0f, 1, dim), weight.Window(0, tokens, dim)])
                    .Window(0, 1, tokens + 1, dim);
        return ReadsMean && weight is { Name: "head.weight", Shape: [_, var width] } ? weight.WithColumns(2 * width)
            : weight;
    }

    private static Weight Filled(string name, Weight like, float value, params long[] shape) =>
        new(name, like.Type, shape, (_, values) => values.Fill(value));
}

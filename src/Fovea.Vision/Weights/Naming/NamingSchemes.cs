namespace Fovea.Vision.Weights.Naming;

/// <summary>The schemes that are known, as data; timm's names are this project's own. Each table is read to load a file
/// and to write one (<see cref="NamingDialect"/>); of several names for one tensor the first is written.</summary>
/// <remarks>
/// Sources: the state dicts of torchvision 0.12 and 0.14, of transformers' ViT, DeiT, Dinov2, Dinov2WithRegisters and
/// ResNet models, and of facebookresearch's dinov2 (whose training code numbers blocks within chunks,
/// <c>blocks.1.7.</c>: the second number counts through), and of the authors' Swin Transformer, of
/// timm's EVA family, of facebookresearch's dinov3, of transformers' SigLIP and CvT, and of Microsoft's CvT.
/// </remarks>
public static class NamingSchemes
{
    /// <summary>Beginnings of transformers' names.</summary>
    internal const string Model = @"(?:(?:vit|deit|dinov2|dinov2_with_registers|resnet|cvt)\.)?";

    private const string HfLayer = "{model}encoder.layer.{n}.";
    private const string TorchvisionLayer = "encoder.layers.encoder_layer_{n}.";
    private const string DinoMlp = "blocks.{chunk}{n}.mlp.";
    private const int ResNetStages = 4, ResNetConvolutions = 3, MostSwinStages = 8;

    /// <summary>Tokens, positions and the parts of a block that all Vision Transformers of transformers name
    /// alike.</summary>
    internal static NameRule[] HfCommon { get; } =
    [
        new("{model}embeddings.cls_token", "cls_token"),
        new("{model}embeddings.distillation_token", "dist_token"),
        new("{model}embeddings.register_tokens", "reg_token"),
        new("{model}embeddings.mask_token", null),
        new("{model}embeddings.position_embeddings", "pos_embed"),
        new("{model}embeddings.patch_embeddings.projection.{leaf}", "patch_embed.proj.{leaf}"),
        new(HfLayer + "attention.attention.query.{leaf}", "blocks.{n}.attn.qkv.{leaf}/0"),
        new(HfLayer + "attention.attention.key.{leaf}", "blocks.{n}.attn.qkv.{leaf}/1"),
        new(HfLayer + "attention.attention.value.{leaf}", "blocks.{n}.attn.qkv.{leaf}/2"),
        new(HfLayer + "attention.output.dense.{leaf}", "blocks.{n}.attn.proj.{leaf}"),
        new("{model}layernorm.{leaf}", "norm.{leaf}"),
    ];

    /// <summary>ViT's and DeiT's own parts of a block.</summary>
    internal static NameRule[] HfVit { get; } =
    [
        new(HfLayer + "layernorm_before.{leaf}", "blocks.{n}.norm1.{leaf}"),
        new(HfLayer + "layernorm_after.{leaf}", "blocks.{n}.norm2.{leaf}"),
        new(HfLayer + "intermediate.dense.{leaf}", "blocks.{n}.mlp.fc1.{leaf}"),
        new(HfLayer + "output.dense.{leaf}", "blocks.{n}.mlp.fc2.{leaf}"),
    ];

    /// <summary>Dinov2's own parts of a block, but for its MLP.</summary>
    internal static NameRule[] HfDino { get; } =
    [
        new(HfLayer + "norm{half}.{leaf}", "blocks.{n}.norm{half}.{leaf}"),
        new(HfLayer + "layer_scale{half}.lambda1", "blocks.{n}.ls{half}.gamma"),
    ];

    /// <summary>Dinov2's MLP.</summary>
    internal static NameRule[] HfDinoMlp { get; } =
    [
        new(HfLayer + "mlp.fc1.{leaf}", "blocks.{n}.mlp.fc1.{leaf}"),
        new(HfLayer + "mlp.fc2.{leaf}", "blocks.{n}.mlp.fc2.{leaf}"),
    ];

    /// <summary>Dinov2's MLP with a gate.</summary>
    internal static NameRule[] HfDinoGated { get; } =
    [
        new(HfLayer + "mlp.weights_in.{leaf}", "blocks.{n}.mlp.fc1.{leaf}"),
        new(HfLayer + "mlp.weights_out.{leaf}", "blocks.{n}.mlp.fc2.{leaf}"),
    ];

    /// <summary>The classifier head of one token.</summary>
    internal static NameRule[] HfHead { get; } = [new("classifier.{leaf}", "head.{leaf}")];

    /// <summary>The classifier heads of two tokens.</summary>
    internal static NameRule[] HfHeads { get; } =
    [
        new("cls_classifier.{leaf}", "head.{leaf}"), new("distillation_classifier.{leaf}", "head_dist.{leaf}"),
    ];

    /// <summary>transformers' residual networks, whose stages and layers count from 0.</summary>
    internal static NameRule[] HfResNet { get; } =
    [
        new("{model}embedder.embedder.convolution.weight", "conv1.weight"),
        new("{model}embedder.embedder.normalization.{stat}", "bn1.{stat}"),
        .. Enumerable.Range(0, ResNetStages).SelectMany(HfStage),
        new("classifier.1.{leaf}", "fc.{leaf}"),
    ];

    /// <summary>The original DINOv2's MLP with a gate.</summary>
    internal static NameRule[] DinoGated { get; } =
    [
        new(DinoMlp + "w12.{leaf}", "blocks.{n}.mlp.fc1.{leaf}"),
        new(DinoMlp + "w3.{leaf}", "blocks.{n}.mlp.fc2.{leaf}"),
    ];

    /// <summary>The original DINOv2's other names.</summary>
    internal static NameRule[] DinoCommon { get; } =
    [
        new("mask_token", null),
        new("register_tokens", "reg_token"),
        new("blocks.{chunk}{n}.{rest}", "blocks.{n}.{rest}"),
    ];

    /// <summary>torchvision's Vision Transformers; the MLP's layers are numbered since 0.13 and named before.</summary>
    internal static NameRule[] Torchvision { get; } =
    [
        new("class_token", "cls_token"),
        new("conv_proj.{leaf}", "patch_embed.proj.{leaf}"),
        new("encoder.pos_embedding", "pos_embed"),
        new(TorchvisionLayer + "ln_{half}.{leaf}", "blocks.{n}.norm{half}.{leaf}"),
        new(TorchvisionLayer + "self_attention.in_proj_{leaf}", "blocks.{n}.attn.qkv.{leaf}"),
        new(TorchvisionLayer + "self_attention.out_proj.{leaf}", "blocks.{n}.attn.proj.{leaf}"),
        new(TorchvisionLayer + "mlp.0.{leaf}", "blocks.{n}.mlp.fc1.{leaf}"),
        new(TorchvisionLayer + "mlp.linear_1.{leaf}", "blocks.{n}.mlp.fc1.{leaf}"),
        new(TorchvisionLayer + "mlp.3.{leaf}", "blocks.{n}.mlp.fc2.{leaf}"),
        new(TorchvisionLayer + "mlp.linear_2.{leaf}", "blocks.{n}.mlp.fc2.{leaf}"),
        new("encoder.ln.{leaf}", "norm.{leaf}"),
        new("heads.head.{leaf}", "head.{leaf}"),
        new("heads.head.{n}.{leaf}", "head.{leaf}"),
        new("heads.{n}.{leaf}", "head.{leaf}"),
    ];

    /// <summary>transformers: separate queries, keys and values.</summary>
    public static NamingScheme HuggingFace { get; } = new(
        "Hugging Face",
        [Model + @"embeddings\.patch_embeddings\.projection\.weight",
            Model + @"embedder\.embedder\.convolution\.weight",
            Model + @"encoder\.layer\.\d+\.attention\.attention\.query\.weight"],
        [.. HfCommon, .. HfVit, .. HfDino, .. HfDinoMlp, .. HfDinoGated, .. HfHead, .. HfHeads, .. HfResNet,
            new("{model}pooler.{rest}", null)]);

    /// <summary>torchvision's Vision Transformers.</summary>
    public static NamingScheme TorchvisionVit { get; } = new(
        "torchvision ViT",
        [@"conv_proj\.weight", @"encoder\.layers\.encoder_layer_\d+\.self_attention\.in_proj_weight"], Torchvision);

    /// <summary>facebookresearch's DINOv2: nearly timm's names.</summary>
    public static NamingScheme DinoV2 { get; } = new(
        "DINOv2 (original)",
        ["mask_token", "register_tokens", @"blocks\.\d+\.\d+\..*", @"blocks\.\d+\.mlp\.w12\.weight"],
        [.. DinoGated, .. DinoCommon]);

    /// <summary>Tables of Swin Transformers that are no weights: the windows tell them.</summary>
    private static readonly NameRule[] SwinTables =
    [
        new("layers.{n}.blocks.{m}.attn.relative_position_index", null),
        new("layers.{n}.blocks.{m}.attn_mask", null),
    ];

    /// <summary>Masked autoencoders while they are trained: timm's names beside a decoder, which models here do not
    /// have.</summary>
    public static NamingScheme MaskedAutoencoder { get; } = new(
        "MAE", [@"decoder_embed\.weight", @"decoder_blocks\.\d+\..+"],
        new("mask_token", null), new("decoder_{rest}", null));

    /// <summary>An MLP with a gate of timm's EVA family: two matrices.</summary>
    internal static NameRule[] EvaGated { get; } =
    [
        new("blocks.{n}.mlp.fc1_g.{leaf}", "blocks.{n}.mlp.fc1.{leaf}/0"),
        new("blocks.{n}.mlp.fc1_x.{leaf}", "blocks.{n}.mlp.fc1.{leaf}/1"),
    ];

    /// <summary>timm's models of the EVA family, such as its DINOv3: factors of layer scale stand in the
    /// block.</summary>
    internal static NameRule[] EvaCommon { get; } =
    [
        new("blocks.{n}.gamma_{half}", "blocks.{n}.ls{half}.gamma"),
        new("blocks.{n}.attn.k_bias", null),
        new("rope.periods", null),
    ];

    /// <summary>timm's models of the EVA family.</summary>
    public static NamingScheme Eva { get; } = new(
        "timm EVA", [@"blocks\.\d+\.gamma_1", @"blocks\.\d+\.mlp\.fc1_g\.weight"],
        [.. EvaGated, .. EvaCommon]);

    /// <summary>facebookresearch's DINOv3: nearly DINOv2's names, with a bias of the keys that is masked.</summary>
    public static NamingScheme DinoV3 { get; } = new(
        "DINOv3 (original)",
        ["storage_tokens", @"rope_embed\.periods", @"blocks\.(?:\d+\.)?\d+\.attn\.qkv\.bias_mask"],
        new("mask_token", null),
        new("storage_tokens", "reg_token"),
        new("rope_embed.{rest}", null),
        new("local_cls_norm.{leaf}", null),
        new("blocks.{chunk}{n}.attn.qkv.bias_mask", null),
        new(DinoMlp + "w1.{leaf}", "blocks.{n}.mlp.fc1.{leaf}/0"),
        new(DinoMlp + "w2.{leaf}", "blocks.{n}.mlp.fc1.{leaf}/1"),
        new(DinoMlp + "w3.{leaf}", "blocks.{n}.mlp.fc2.{leaf}"),
        new("blocks.{chunk}{n}.{rest}", "blocks.{n}.{rest}"))
    {
        Cuts = [new(@"(blocks\.\d+\.attn)\.qkv\.bias", 3, ("$1.q_bias", 0, 1), ("$1.v_bias", 2, 1))],
    };

    private const string SiglipLayer = "{tower}encoder.layers.{n}.";

    /// <summary>transformers' SiglipVisionModel, alone or in a SiglipModel.</summary>
    public static NamingScheme Siglip { get; } = new(
        "Hugging Face SigLIP",
        [@"(?:vision_model\.)?head\.probe"],
        new("{tower}embeddings.patch_embedding.{leaf}", "patch_embed.proj.{leaf}"),
        new("{tower}embeddings.position_embedding.weight", "pos_embed"),
        new("{tower}embeddings.position_ids", null),
        new(SiglipLayer + "layer_norm{half}.{leaf}", "blocks.{n}.norm{half}.{leaf}"),
        new(SiglipLayer + "self_attn.q_proj.{leaf}", "blocks.{n}.attn.qkv.{leaf}/0"),
        new(SiglipLayer + "self_attn.k_proj.{leaf}", "blocks.{n}.attn.qkv.{leaf}/1"),
        new(SiglipLayer + "self_attn.v_proj.{leaf}", "blocks.{n}.attn.qkv.{leaf}/2"),
        new(SiglipLayer + "self_attn.out_proj.{leaf}", "blocks.{n}.attn.proj.{leaf}"),
        new(SiglipLayer + "mlp.fc{half}.{leaf}", "blocks.{n}.mlp.fc{half}.{leaf}"),
        new("{tower}post_layernorm.{leaf}", "norm.{leaf}"),
        new("{tower}head.probe", "attn_pool.latent"),
        new("{tower}head.attention.in_proj_{leaf}", "attn_pool.in_proj.{leaf}"),
        new("{tower}head.attention.out_proj.{leaf}", "attn_pool.proj.{leaf}"),
        new("{tower}head.layernorm.{leaf}", "attn_pool.norm.{leaf}"),
        new("{tower}head.mlp.fc{half}.{leaf}", "attn_pool.mlp.fc{half}.{leaf}"),
        new("text_model.{rest}", null),
        new("logit_scale", null),
        new("logit_bias", null))
    {
        Cuts =
        [
            new(@"(attn_pool)\.in_proj\.(weight|bias)", 3, ("$1.q.$2", 0, 1), ("$1.kv.$2", 1, 2)),
        ],
    };

    /// <summary>timm's Vision Transformers, DeiT's, and this project's.</summary>
    public static NamingScheme Timm { get; } =
        new("timm", [@"patch_embed\..+\.weight", @"blocks\.0\..+"], SwinTables);

    /// <summary>The authors' Swin Transformers, and timm's before 0.9: a stage ends in what timm's next one begins
    /// with.</summary>
    public static NamingScheme Swin { get; } = new(
        "Swin (original)", [@"layers\.0\.downsample\..+"],
        [
            .. SwinTables,
            .. Enumerable.Range(0, MostSwinStages).Select(stage =>
                new NameRule($"layers.{stage}.downsample.{{rest}}", $"layers.{stage + 1}.downsample.{{rest}}")),
            new("head.{leaf}", "head.fc.{leaf}"),
        ]);

    /// <summary>Microsoft's convolutional vision transformers: the names that they have here.</summary>
    public static NamingScheme Cvt { get; } =
        new("CvT (original)", [@"stage0\.patch_embed\.proj\.weight"]);

    private const string CvtStage = "{model}encoder.stages.{n}.", CvtLayer = CvtStage + "layers.{m}.",
        CvtBlock = "stage{n}.blocks.{m}.";

    /// <summary>transformers' CvtForImageClassification.</summary>
    public static NamingScheme HfCvt { get; } = new(
        "Hugging Face CvT",
        [Model + @"encoder\.stages\.0\.embedding\.convolution_embeddings\.projection\.weight"],
        [
            new(CvtStage + "cls_token", "stage{n}.cls_token"),
            new(CvtStage + "embedding.convolution_embeddings.projection.{leaf}", "stage{n}.patch_embed.proj.{leaf}"),
            new(CvtStage + "embedding.convolution_embeddings.normalization.{leaf}", "stage{n}.patch_embed.norm.{leaf}"),
            .. new[] { ("query", "q"), ("key", "k"),
                ("value", "v") }.SelectMany(part => HfCvtPart(part.Item1, part.Item2)),
            new(CvtLayer + "attention.output.dense.{leaf}", CvtBlock + "attn.proj.{leaf}"),
            new(CvtLayer + "layernorm_before.{leaf}", CvtBlock + "norm1.{leaf}"),
            new(CvtLayer + "layernorm_after.{leaf}", CvtBlock + "norm2.{leaf}"),
            new(CvtLayer + "intermediate.dense.{leaf}", CvtBlock + "mlp.fc1.{leaf}"),
            new(CvtLayer + "output.dense.{leaf}", CvtBlock + "mlp.fc2.{leaf}"),
            new("layernorm.{leaf}", "norm.{leaf}"),
            new("classifier.{leaf}", "head.{leaf}"),
        ]);

    /// <summary>torchvision's and timm's ResNets.</summary>
    public static NamingScheme ResNet { get; } = new("torchvision ResNet", [@"layer1\.0\.conv1\.weight"]);

    /// <summary>None that is known: names stay as they are.</summary>
    public static NamingScheme Other { get; } = new("names as they are", []);

    /// <summary>Those that can be recognised; a file may have marks of several, then the first counts.</summary>
    internal static IReadOnlyList<NamingScheme> All { get; } =
        [HuggingFace, HfCvt, Siglip, TorchvisionVit, MaskedAutoencoder, DinoV3, DinoV2, Swin, Cvt, Eva, Timm, ResNet];

    /// <summary>The scheme of these names, or null.</summary>
    internal static NamingScheme? Of(IReadOnlyCollection<string> names) =>
        All.FirstOrDefault(scheme => scheme.Recognises(names));

    private static IEnumerable<NameRule> HfCvtPart(string theirs, string ours)
    {
        string convolution = $"{CvtLayer}attention.attention.convolution_projection_{theirs}.convolution_projection.";
        yield return new(convolution + "convolution.weight", $"{CvtBlock}attn.conv_proj_{ours}.conv.weight");
        yield return new(convolution + "normalization.{stat}", $"{CvtBlock}attn.conv_proj_{ours}.bn.{{stat}}");
        yield return new($"{CvtLayer}attention.attention.projection_{theirs}.{{leaf}}",
            $"{CvtBlock}attn.proj_{ours}.{{leaf}}");
    }

    private static IEnumerable<NameRule> HfStage(int stage)
    {
        string theirs = $"{{model}}encoder.stages.{stage}.layers.{{n}}.", ours = $"layer{stage + 1}.{{n}}.";
        yield return new(theirs + "shortcut.convolution.weight", ours + "downsample.0.weight");
        yield return new(theirs + "shortcut.normalization.{stat}", ours + "downsample.1.{stat}");
        for (int i = 0; i < ResNetConvolutions; i++)
        {
            yield return new($"{theirs}layer.{i}.convolution.weight", $"{ours}conv{i + 1}.weight");
            yield return new($"{theirs}layer.{i}.normalization.{{stat}}", $"{ours}bn{i + 1}.{{stat}}");
        }
    }
}

namespace Fovea.Vision.Weights.Naming;

/// <summary>The schemes that are known, as data; timm's names are this project's own.</summary>
/// <remarks>
/// Sources: the state dicts of torchvision 0.12 and 0.14, of transformers' ViT, DeiT, Dinov2 and Dinov2WithRegisters
/// models, and of facebookresearch's dinov2 (whose training code numbers blocks within chunks, <c>blocks.1.7.</c>: the
/// second number counts through).
/// </remarks>
public static class NamingSchemes
{
    private const string Leaf = "(weight|bias)";
    private const string HfModel = @"(?:(?:vit|deit|dinov2|dinov2_with_registers)\.)?";
    private const string HfLayer = HfModel + @"encoder\.layer\.(\d+)\.";
    private const string TorchvisionLayer = @"encoder\.layers\.encoder_layer_(\d+)\.";

    /// <summary>transformers: separate queries, keys and values.</summary>
    public static NamingScheme HuggingFace { get; } = new(
        "Hugging Face",
        [HfModel + @"embeddings\.patch_embeddings\.projection\.weight",
            HfLayer + @"attention\.attention\.query\.weight"],
        (HfModel + @"embeddings\.cls_token", "cls_token"),
        (HfModel + @"embeddings\.distillation_token", "dist_token"),
        (HfModel + @"embeddings\.register_tokens", "reg_token"),
        (HfModel + @"embeddings\.mask_token", null),
        (HfModel + @"embeddings\.position_embeddings", "pos_embed"),
        (HfModel + @"embeddings\.patch_embeddings\.projection\." + Leaf, "patch_embed.proj.$1"),
        (HfLayer + @"(?:layernorm_before|norm1)\." + Leaf, "blocks.$1.norm1.$2"),
        (HfLayer + @"(?:layernorm_after|norm2)\." + Leaf, "blocks.$1.norm2.$2"),
        (HfLayer + @"attention\.attention\.query\." + Leaf, "blocks.$1.attn.qkv.$2/0"),
        (HfLayer + @"attention\.attention\.key\." + Leaf, "blocks.$1.attn.qkv.$2/1"),
        (HfLayer + @"attention\.attention\.value\." + Leaf, "blocks.$1.attn.qkv.$2/2"),
        (HfLayer + @"attention\.output\.dense\." + Leaf, "blocks.$1.attn.proj.$2"),
        (HfLayer + @"(?:intermediate\.dense|mlp\.fc1|mlp\.weights_in)\." + Leaf, "blocks.$1.mlp.fc1.$2"),
        (HfLayer + @"(?:output\.dense|mlp\.fc2|mlp\.weights_out)\." + Leaf, "blocks.$1.mlp.fc2.$2"),
        (HfLayer + @"layer_scale([12])\.lambda1", "blocks.$1.ls$2.gamma"),
        (HfModel + @"layernorm\." + Leaf, "norm.$1"),
        (HfModel + @"pooler\..*", null),
        (@"(?:cls_)?classifier\." + Leaf, "head.$1"),
        (@"distillation_classifier\." + Leaf, "head_dist.$1"));

    /// <summary>torchvision's Vision Transformers; the MLP's layers are numbered since 0.13 and named before.</summary>
    public static NamingScheme TorchvisionVit { get; } = new(
        "torchvision ViT", [@"conv_proj\.weight", TorchvisionLayer + @"self_attention\.in_proj_weight"],
        ("class_token", "cls_token"),
        (@"conv_proj\." + Leaf, "patch_embed.proj.$1"),
        (@"encoder\.pos_embedding", "pos_embed"),
        (TorchvisionLayer + @"ln_([12])\." + Leaf, "blocks.$1.norm$2.$3"),
        (TorchvisionLayer + "self_attention.in_proj_" + Leaf, "blocks.$1.attn.qkv.$2"),
        (TorchvisionLayer + @"self_attention\.out_proj\." + Leaf, "blocks.$1.attn.proj.$2"),
        (TorchvisionLayer + @"mlp\.(?:0|linear_1)\." + Leaf, "blocks.$1.mlp.fc1.$2"),
        (TorchvisionLayer + @"mlp\.(?:3|linear_2)\." + Leaf, "blocks.$1.mlp.fc2.$2"),
        (@"encoder\.ln\." + Leaf, "norm.$1"),
        (@"heads\.(?:head|head\.\d+|\d+)\." + Leaf, "head.$1"));

    /// <summary>facebookresearch's DINOv2: nearly timm's names.</summary>
    public static NamingScheme DinoV2 { get; } = new(
        "DINOv2 (original)",
        ["mask_token", "register_tokens", @"blocks\.\d+\.\d+\..*", @"blocks\.\d+\.mlp\.w12\.weight"],
        ("mask_token", null),
        ("register_tokens", "reg_token"),
        (@"blocks\.(?:\d+\.)?(\d+)\.mlp\.w12\." + Leaf, "blocks.$1.mlp.fc1.$2"),
        (@"blocks\.(?:\d+\.)?(\d+)\.mlp\.w3\." + Leaf, "blocks.$1.mlp.fc2.$2"),
        (@"blocks\.(?:\d+\.)?(\d+)\.(.+)", "blocks.$1.$2"));

    /// <summary>timm's Vision Transformers, DeiT's, and this project's.</summary>
    public static NamingScheme Timm { get; } = new("timm", [@"patch_embed\..+\.weight", @"blocks\.0\..+"]);

    /// <summary>torchvision's and timm's ResNets.</summary>
    public static NamingScheme ResNet { get; } = new("torchvision ResNet", [@"layer1\.0\.conv1\.weight"]);

    /// <summary>None that is known: names stay as they are.</summary>
    public static NamingScheme Other { get; } = new("names as they are", []);

    /// <summary>Those that can be recognised; a file may have marks of several, then the first counts.</summary>
    internal static IReadOnlyList<NamingScheme> All { get; } = [HuggingFace, TorchvisionVit, DinoV2, Timm, ResNet];

    /// <summary>The scheme of these names, or null.</summary>
    internal static NamingScheme? Of(IReadOnlyCollection<string> names) =>
        All.FirstOrDefault(scheme => scheme.Recognises(names));
}

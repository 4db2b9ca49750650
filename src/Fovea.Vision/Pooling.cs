namespace Fovea.Vision;

/// <summary>Ways from a sequence of tokens to one vector.</summary>
public enum Pooling
{
    /// <summary>The class token, after the final norm (Dosovitskiy et al. 2021).</summary>
    ClassToken,

    /// <summary>The mean of the patch tokens, normed afterwards (timm's <c>global_pool='avg'</c> with
    /// <c>fc_norm</c>).</summary>
    Mean,

    /// <summary>A mean of the normed patch tokens whose weights are learned (Hassani et al. 2021, arXiv:2104.05704,
    /// section 3.2).</summary>
    Sequence,

    /// <summary>A learned query attends to the normed patch tokens, an MLP follows (Zhai et al. 2022, arXiv:2106.04560,
    /// section 3.2, "MAP head"; timm's <c>global_pool='map'</c>).</summary>
    Map,

    /// <summary>The mean of the normed patch tokens (timm's <c>global_pool='avg'</c> without <c>fc_norm</c>; SigLIP's
    /// <c>gap</c> models).</summary>
    NormedMean,
}

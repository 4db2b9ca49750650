namespace Fovea.Nn.Optimization;

/// <summary>Factor of a Muon step for the shape of its matrix, whose singular values are near 1.</summary>
public enum MuonScale
{
    /// <summary>0.2 · √(the longer side): steps are as long as AdamW's, whose learning rate suits (Liu et al. 2025,
    /// arXiv:2502.16982; timm's default).</summary>
    MatchRms,

    /// <summary>√max(1, rows / columns): Jordan's; learning rates are near 0.02.</summary>
    Original,
}

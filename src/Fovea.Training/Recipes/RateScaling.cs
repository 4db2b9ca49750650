namespace Fovea.Training.Recipes;

/// <summary>Growth of the largest learning rate with the batch.</summary>
public enum RateScaling
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>As the batch (Goyal et al. 2017, arXiv:1706.02677).</summary>
    Linear,

    /// <summary>As the square root of the batch (Krizhevsky 2014, arXiv:1404.5997; You et al. 2020,
    /// arXiv:1904.00962).</summary>
    Sqrt,
}

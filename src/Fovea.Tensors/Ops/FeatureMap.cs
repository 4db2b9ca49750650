
namespace Fovea.Tensors;

/// <summary>Function that kernel attention applies to queries and keys on the way in; computed on the fly, never
/// stored.</summary>
public enum FeatureMap
{
    /// <summary>f(x) = x: they are features already.</summary>
    Identity,

    /// <summary>f(x) = elu(x) + 1: x + 1 for x &gt; 0, else eˣ (Katharopoulos et al. 2020, arXiv:2006.16236, eq.
    /// 7).</summary>
    EluPlusOne,
}

/// <summary>Which kernel random features stand for; see <see cref="Backend.RandomFeatures"/>.</summary>
public enum FeatureKernel
{
    /// <summary>exp(x·y), by positive features.</summary>
    Softmax,

    /// <summary>The expectation of relu(w·x) relu(w·y) over Gaussian w.</summary>
    Relu,
}

using Fovea.Tensors;
using Fovea.Vision.Models.Residual;

namespace Fovea.Vision.Explanation;

/// <summary>
/// Similarity of what the layers of two models make of the same images: linear centred kernel alignment (CKA), from
/// unbiased estimates of the Hilbert-Schmidt independence criterion (HSIC) in each batch.
/// </summary>
/// <remarks><code>
/// K = X Xᵀ, L = Y Yᵀ over n images, all features of a layer (tokens, or pixels of a map) in one row
/// HSIC(K, L) = (tr(K̃ L̃) + 1ᵀK̃1 1ᵀL̃1 / ((n−1)(n−2)) − 2/(n−2) 1ᵀK̃L̃1) / (n (n−3)),  K̃ = K with diagonal 0
/// CKA = Σ HSIC(K, L) / √(Σ HSIC(K, K) Σ HSIC(L, L)), sums over batches, weighted by their images
/// </code>
/// 1 for representations that are rotations and multiples of each other, about 0 for independent ones. The estimate is
/// unbiased, so that small values may be below 0. Sources: Kornblith et al. 2019, arXiv:1905.00414, section 3; Song et
/// al. 2012, "Feature selection via dependence maximization", eq. 5; Nguyen et al. 2021, arXiv:2010.15327, eq. 3 to 5.
/// </remarks>
public sealed class LayerSimilarity
{
    /// <summary>Images that a batch must have at least.</summary>
    public const int Fewest = 4;

    private double[,]? _cross;
    private double[] _left = [], _right = [];

    /// <summary>Names of the first model's layers, and of the second's.</summary>
    public (IReadOnlyList<string> Left, IReadOnlyList<string> Right) Names { get; private set; } = ([], []);

    /// <summary>Number of images seen.</summary>
    public int Images { get; private set; }

    /// <summary>A model has layers that can be compared.</summary>
    public static bool CanRead(ImageClassifier model) => model is IBlockModel or ResNet;

    /// <summary>Takes a batch of images, as each of the models takes them.</summary>
    /// <exception cref="ArgumentException">Fewer than <see cref="Fewest"/> images, or a model without
    /// layers.</exception>
    public void Add(ImageClassifier left, Tensor leftImages, ImageClassifier right, Tensor rightImages)
    {
        List<string> leftNames = [], rightNames = [];
        List<double[]> ours = Read(left, leftImages, leftNames);
        List<double[]> theirs = left == right ? ours : Read(right, rightImages, rightNames);
        Names = (leftNames, left == right ? leftNames : rightNames);
        Add(ours, theirs, leftImages.Shape[0]);
    }

    /// <summary>Takes the centred kernels of a batch, layer by layer.</summary>
    internal void Add(IReadOnlyList<double[]> left, IReadOnlyList<double[]> right, int images)
    {
        if (images < Fewest)
            throw new ArgumentException($"LayerSimilarity: a batch needs {Fewest} images, got {images}.",
                nameof(images));
        _cross ??= new double[left.Count, right.Count];
        if (_left.Length == 0) (_left, _right) = (new double[left.Count], new double[right.Count]);
        double weight = images / (images * (images - 3.0));
        for (int i = 0; i < left.Count; i++) _left[i] += weight * Dot(left[i], left[i]);
        for (int j = 0; j < right.Count; j++) _right[j] += weight * Dot(right[j], right[j]);
        for (int i = 0; i < left.Count; i++)
            for (int j = 0; j < right.Count; j++) _cross[i, j] += weight * Dot(left[i], right[j]);
        Images += images;
    }

    /// <summary>CKA, <c>[layer of the first, layer of the second]</c>; NaN where a layer is the same for all
    /// images.</summary>
    public double[,] Result()
    {
        double[,] result = new double[_left.Length, _right.Length];
        for (int i = 0; i < _left.Length; i++)
            for (int j = 0; j < _right.Length; j++)
                result[i, j] = _left[i] > 0 && _right[j] > 0
                    ? _cross![i, j] / Math.Sqrt(_left[i]) / Math.Sqrt(_right[j]) : double.NaN;
        return result;
    }

    /// <summary>
    /// The U-centred kernel of features: rows and columns without the diagonal sum to 0, so that n (n − 3) HSIC of two
    /// is the sum of their products (Székely and Rizzo 2014, arXiv:1310.2926, definition 2).
    /// </summary>
    /// <param name="features"><c>[image, feature]</c>.</param>
    internal static double[] Kernel(Tensor features)
    {
        int n = features.Shape[0];
        // HSIC is the same for features less their mean, and sums of products lose fewer digits
        Tensor centred = Ops.Subtract(features, Ops.Mean(features, 0).Reshape(1, features.Shape[1]));
        float[] products = Ops.MatMul(centred, centred, transposeB: true).ToArray();
        double[] kernel = new double[n * n], rows = new double[n];
        double all = 0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                if (i != j) rows[i] += products[i * n + j];
        foreach (double row in rows) all += row;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++)
                if (i != j)
                    kernel[i * n + j] = products[i * n + j] - (rows[i] + rows[j]) / (n - 2)
                        + all / ((n - 1.0) * (n - 2));
        return kernel;
    }

    private static List<double[]> Read(ImageClassifier model, Tensor images, List<string> names)
    {
        List<double[]> kernels = [];
        using StepScope scope = StepScope.Begin();
        switch (model)
        {
            case IBlockModel blocks:
                Tensor embedded = blocks.Embed(images);
                Take("embedding", embedded);
                blocks.ForwardFrom(0, embedded, blocks.GridOf(images.Shape[2], images.Shape[3]),
                    new BlockRecorder { Tokens = (block, tokens) => Take($"block {block + 1}", tokens) });
                return kernels;
            case ResNet network:
                Tensor x = network.Stem(images);
                Take("stem", x);
                foreach ((int stage, IReadOnlyList<ResidualBlock> all) in network.Stages.Index())
                    foreach ((int block, ResidualBlock one) in all.Index())
                        Take($"{stage + 1}.{block + 1}", x = Step(one, x));
                return kernels;
            default:
                throw new ArgumentException($"{model.GetType().Name} has no layers to compare.", nameof(model));
        }

        static Tensor Step(ResidualBlock block, Tensor x)
        {
            using StepScope one = StepScope.Begin();
            Tensor y = one.Return(block.Forward(x));
            x.Release();
            return y;
        }

        void Take(string name, Tensor features)
        {
            using StepScope one = StepScope.Begin();
            names.Add(name);
            kernels.Add(Kernel(features.Reshape(features.Shape[0], -1)));
        }
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += a[i] * b[i];
        return sum;
    }
}

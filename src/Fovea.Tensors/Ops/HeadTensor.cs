
namespace Fovea.Tensors;

/// <summary>
/// One part of packed projections <c>[batch, token, part, head, width]</c>, read in place: the keys of <c>qkv</c> are
/// <c>new HeadTensor(qkv, heads, 3, 1)</c>, a tensor <c>[batch, token, head · width]</c> of its own is <c>new
/// HeadTensor(x, heads)</c>.
/// </summary>
/// <param name="Tensor"><c>[batch, token, part · head · width]</c>.</param>
/// <param name="Count">Number of heads.</param>
/// <param name="Parts">Parts in the tensor.</param>
/// <param name="Part">Which of them, from 0.</param>
public readonly record struct HeadTensor(Tensor Tensor, int Count, int Parts = 1, int Part = 0)
{
    /// <summary>Sequences.</summary>
    public int Batch => Tensor.Shape[0];

    /// <summary>Tokens of a sequence.</summary>
    public int Tokens => Tensor.Shape[1];

    /// <summary>Elements of one head's vector.</summary>
    public int Width => Tensor.Shape[2] / (Parts * Count);

    internal HeadView View => ViewOf(Tensor.Storage);

    /// <summary>Throws unless the tensor is packed as stated.</summary>
    /// <exception cref="ShapeException">Not three axes, or the last is not parts · heads · width.</exception>
    internal void Require(string name, string origin)
    {
        if (Tensor.Shape.Rank != 3 || Count <= 0 || Parts <= 0 || Tensor.Shape[2] % (Parts * Count) != 0)
            throw new ShapeException(
                $"{origin}: {name} must be [batch, token, {Parts} · {Count} heads · width], got {Tensor.Shape}.");
        if ((uint)Part >= (uint)Parts)
            throw new ArgumentOutOfRangeException(name, $"{origin}: {name} is part {Part} of {Parts}.");
    }

    /// <summary>
    /// Where the gradients of these parts go. A tensor whose parts are all among them is overwritten part by part; of
    /// another one the rest is cleared first, so that its parts are accumulated.
    /// </summary>
    internal static HeadGradient[] Gradients(params ReadOnlySpan<HeadTensor> all)
    {
        HeadGradient[] gradients = new HeadGradient[all.Length];
        for (int i = 0; i < all.Length; i++)
        {
            Tensor tensor = all[i].Tensor;
            int first = 0, covered = 0;
            while (!ReferenceEquals(all[first].Tensor, tensor)) first++;
            foreach (HeadTensor other in all) covered += ReferenceEquals(other.Tensor, tensor) ? 1 : 0;
            (Storage storage, bool add) = tensor.GradientTarget();
            if (first < i)
            {
                add = gradients[first].Accumulate;
            }
            else if (!add && covered < all[i].Parts)
            {
                tensor.Device.Backend.Fill(storage, tensor.Shape.Elements, 0);
                add = true;
            }

            gradients[i] = new(all[i].ViewOf(storage), add);
        }

        return gradients;
    }

    private HeadView ViewOf(Storage storage) => new(storage, Part * Count * Width, Parts * Count * Width);
}

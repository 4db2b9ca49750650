using Fovea.Nn;

namespace Fovea.Vision.Explanation;

/// <summary>Filters of a model's first layer: of a transformer its patch embedding, of a residual network its
/// stem.</summary>
/// <param name="Name">The weight's dotted name.</param>
/// <param name="Channels">Channels of the image.</param>
/// <param name="Height">Rows of a filter.</param>
/// <param name="Width">Columns of a filter.</param>
/// <param name="Filters">One per filter, <c>[channel, row, column]</c>.</param>
/// <param name="Principal">Filters that the layer's own are mixtures of, the most important first, in place of the
/// layer's own.</param>
/// <param name="Total">Filters that the layer has.</param>
public sealed record FirstFilters(string Name, int Channels, int Height, int Width, IReadOnlyList<float[]> Filters,
    bool Principal, int Total)
{
    private const int MostOwn = 64, MostPrincipal = 32;

    /// <summary>A model's filters; where it has more than 64, the first 32 principal ones.</summary>
    /// <param name="model">Its first weight of four axes is the first layer's.</param>
    /// <returns>Null for a model without such a layer.</returns>
    public static FirstFilters? Of(ImageClassifier model)
    {
        (string name, Parameter? weight) = model.NamedParameters()
            .FirstOrDefault(entry => entry.Parameter.Shape.Rank == 4);
        if (weight is null) return null;
        (int count, int size) = (weight.Shape[0], weight.Shape.Elements / weight.Shape[0]);
        float[] values = weight.Value.ToArray();
        bool principal = count > MostOwn;
        float[][] filters = principal ? PrincipalDirections.Of(values, count, size, Math.Min(MostPrincipal, size))
            : [.. values.Chunk(size)];
        return new(name, weight.Shape[1], weight.Shape[2], weight.Shape[3], filters, principal, count);
    }
}

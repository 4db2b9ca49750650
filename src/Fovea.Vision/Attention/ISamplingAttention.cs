using Fovea.Tensors;

namespace Fovea.Vision.Attention;

/// <summary>A mechanism that reads between the patches, at places of its own choice.</summary>
public interface ISamplingAttention : IAttention
{
    /// <summary>The places that <see cref="IAttention.Forward"/> reads for this input.</summary>
    SamplingLocations Places(AttentionInput input);
}

/// <summary>Places in an image that attention reads.</summary>
/// <param name="Locations">
/// (x, y) from 0 to 1 over the patches, outside is possible: <c>[batch, query, head, place, 2]</c>. One query stands for all where they share places, one head
/// for a group of heads.
/// </param>
/// <param name="Weights">How much of each is taken, <c>[batch, query, head, place]</c>; null where that is left to the queries.</param>
public sealed record SamplingLocations(Tensor Locations, Tensor? Weights)
{
    internal SamplingLocations Keep()
    {
        Locations.Keep();
        Weights?.Keep();
        return this;
    }
}

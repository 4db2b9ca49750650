using Fovea.Tensors;

namespace Fovea.Vision.Attention.Contract;

/// <summary>A mechanism that reads between the patches, at sampling locations of its own choice.</summary>
public interface ISamplingAttention : IAttention
{
    /// <summary>Sampling locations of <see cref="IAttention.Forward"/> for this input.</summary>
    SamplingLocations Locate(AttentionInput input);
}

/// <summary>Positions in an image that attention reads.</summary>
/// <param name="Locations">
/// (x, y) from 0 to 1 over the patches, outside is possible: <c>[batch, query, head, location, 2]</c>. One query stands
/// for all where they share locations, one head for a group of heads.
/// </param>
/// <param name="Weights">How much of each is taken, <c>[batch, query, head, location]</c>; null where that is left to
/// the queries.</param>
public sealed record SamplingLocations(Tensor Locations, Tensor? Weights)
{
    /// <summary>Takes the tensors out of the running scope.</summary>
    internal SamplingLocations Keep()
    {
        Locations.Keep();
        Weights?.Keep();
        return this;
    }
}

using Fovea.Nn;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Attention;

/// <summary>A mechanism in the catalogue.</summary>
/// <param name="Name">As in <c>--attention NAME</c>.</param>
/// <param name="Summary">One sentence for listings.</param>
/// <param name="Options">Option names with a default and what they mean, for listings and messages.</param>
/// <param name="Create">Builds it from its options.</param>
/// <param name="Main">The option that may be given without its key, or null: <c>sinkhorn:5</c>.</param>
public sealed record AttentionEntry(
    string Name, string Summary, IReadOnlyDictionary<string, string> Options, Func<Spec, AttentionContext, IAttention> Create,
    string? Main = null);

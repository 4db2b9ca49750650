using Fovea.Core.Options;
using Fovea.Vision.Attention.Contract;

namespace Fovea.Vision.Attention;

/// <summary>A mechanism in the catalogue.</summary>
/// <param name="Name">As in <c>attention: NAME</c>.</param>
/// <param name="Summary">One sentence for listings.</param>
/// <param name="Options">What can be set.</param>
/// <param name="Create">Builds it from the values of its options.</param>
public sealed record AttentionEntry(
    string Name, string Summary, IReadOnlyList<Option> Options, Func<OptionValues, AttentionContext, IAttention> Create)
    : Part(Name, Options);

using System.Text.RegularExpressions;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Naming;

/// <summary>A tensor of another code base that is several of timm's, one behind the other along the first
/// axis.</summary>
/// <param name="pattern">Form of its name, a regular expression.</param>
/// <param name="of">Equal parts that it has.</param>
/// <param name="pieces">Pieces of it: how the name is replaced, the first part and how many. Parts that no piece has
/// are 0.</param>
internal sealed class CutRule(string pattern, int of, params (string Name, int First, int Count)[] pieces)
{
    private readonly Regex _form = new($"^(?:{pattern})$", RegexOptions.CultureInvariant);

    /// <summary>The pieces of a tensor; null where the rule is not about it, or its first axis does not
    /// divide.</summary>
    public IReadOnlyList<Weight>? Cut(Weight weight)
    {
        if (!_form.IsMatch(weight.Name) || weight.Shape.Count == 0 || weight.Shape[0] % of > 0) return null;
        return [.. pieces.Select(piece => weight.Window(piece.First * weight.Count / of,
            [piece.Count * weight.Shape[0] / of, .. weight.Shape.Skip(1)]) with
            {
                Name = _form.Replace(weight.Name, piece.Name),
            })];
    }
}

using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Naming;

/// <summary>The weights of one model, under timm's names, whatever they are called in the file.</summary>
/// <param name="Scheme">How the file names them.</param>
/// <param name="Prefix">What stood before those names, such as <c>teacher.backbone.</c>; else empty.</param>
/// <param name="Weights">Under timm's names, joined and cut as timm has them; read when asked for.</param>
/// <param name="LeftAside">Names of the file that are no part of the model: optimiser state, other models, tokens for
/// masks.</param>
public sealed record StateDict(NamingScheme Scheme, string Prefix, IReadOnlyList<Weight> Weights,
    IReadOnlyList<string> LeftAside)
{
    /// <summary>Number of values.</summary>
    public long Count => Weights.Sum(weight => weight.Count);

    /// <summary>Finds and translates the weights of a file's model.</summary>
    /// <exception cref="CheckpointException">There are none, parts of a tensor are missing, or two have one
    /// name.</exception>
    public static StateDict Of(WeightFile file)
    {
        (string prefix, NamingScheme scheme) = Wrapping.Find([.. file.Weights.Select(weight => weight.Name)]);
        List<string> aside = [];
        Dictionary<string, Weight> found = [];
        List<string> order = [];
        Dictionary<string, Weight?[]> parts = [];
        foreach (Weight weight in file.Weights)
        {
            string? name = IsOfTraining(weight.Name) ? null
                : weight.Name.StartsWith(prefix, StringComparison.Ordinal)
                ? scheme.Translate(weight.Name[prefix.Length..]) : null;
            if (name is null)
            {
                aside.Add(weight.Name);
                continue;
            }

            int mark = scheme.Joins ? name.LastIndexOf(NamingScheme.PartMark) : -1;
            string whole = mark < 0 ? name : name[..mark];
            bool isNew;
            if (mark >= 0 && name[(mark + 1)..] is "0" or "1" or "2")
            {
                if (!parts.TryGetValue(whole, out Weight?[]? of))
                    parts[whole] = of = new Weight?[NamingScheme.PartsOf(whole)];
                int part = name[^1] - '0';
                if (part >= of.Length) throw new CheckpointException(
                    $"{file.Path}: '{weight.Name}' is no part of '{whole}'.");
                isNew = of[part] is null;
                of[part] = weight;
                if (of.Count(item => item is not null) == 1) order.Add(whole);
            }
            else
            {
                isNew = found.TryAdd(whole = name, weight with { Name = name });
                order.Add(whole);
            }

            if (!isNew)
                throw new CheckpointException(
                    $"{file.Path}: two tensors are called '{name}' in timm's names, one of them '{weight.Name}'.");
        }

        foreach ((string name, Weight?[] three) in parts)
            if (!found.TryAdd(name, Join(name, three, file.Path))) throw new CheckpointException(
                $"{file.Path}: '{name}' is there both whole and in parts.");
        Cut(scheme, found, order);
        if (order.Count == 0) throw new CheckpointException($"{file.Path}: holds no weights of a model.");
        if (scheme == NamingSchemes.HuggingFace || scheme == NamingSchemes.DinoV2) FoldClassPosition(found);
        if (scheme == NamingSchemes.HuggingFace) CutHead(found);
        if (scheme == NamingSchemes.Siglip && found.GetValueOrDefault("pos_embed") is { Shape: [_, _] } flat)
            found[flat.Name] = flat with { Shape = [1, .. flat.Shape] };
        if (scheme == NamingSchemes.DinoV3) DinoV3Constants.Check(file, prefix);
        return new StateDict(scheme, prefix, [.. order.Select(name => found[name])], aside);
    }

    /// <summary>True for what this project's checkpoints hold beside the model: the optimiser's state, and what was
    /// learned for training alone.</summary>
    private static bool IsOfTraining(string name) => name.StartsWith("optimizer.", StringComparison.Ordinal)
        || name.StartsWith("objective.", StringComparison.Ordinal);

    /// <summary>Queries, keys and values as one matrix, in this order; or the halves of an MLP with a gate.</summary>
    private static Weight Join(string name, Weight?[] parts, string path)
    {
        string what = parts.Length == 3 ? "queries, keys and values" : "a gate and what it gates";
        Weight[] all = [.. parts.OfType<Weight>()];
        if (all.Length < parts.Length)
            throw new CheckpointException($"{path}: '{name}' needs {what}, of which one is missing.");
        if (all.Any(part => part.Shape.Count == 0 || !part.Shape.SequenceEqual(all[0].Shape)))
            throw new CheckpointException(
                $"{path}: {what} of '{name}' have different shapes: "
                    + $"{string.Join(", ", all.Select(part => part.ShapeText))}.");
        return Weight.Concatenate(name, all);
    }

    private static void Cut(NamingScheme scheme, Dictionary<string, Weight> found, List<string> order)
    {
        foreach (CutRule rule in scheme.Cuts)
            foreach (string name in order.ToArray())
            {
                if (rule.Cut(found[name]) is not { } pieces || pieces.Any(piece => found.ContainsKey(piece.Name)))
                    continue;
                found.Remove(name);
                order.Remove(name);
                foreach (Weight piece in pieces) found.Add(piece.Name, piece);
                order.AddRange(pieces.Select(piece => piece.Name));
            }
    }

    /// <summary>
    /// Where there are registers, DINOv2 and transformers keep a position of the class token in front of the others;
    /// timm adds it to the token once and for all.
    /// </summary>
    private static void FoldClassPosition(Dictionary<string, Weight> found)
    {
        if (!found.ContainsKey("reg_token")
            || found.GetValueOrDefault("pos_embed") is not
            {
                Shape: [1, > 1 and var tokens, var dim]
            } positions) return;
        if (found.GetValueOrDefault("cls_token") is not { Shape: [1, 1, var width] } token || width != dim) return;
        found["cls_token"] = token.Plus(positions.Window(0, 1, 1, dim));
        found["pos_embed"] = positions.Window(dim, 1, tokens - 1, dim);
    }

    /// <summary>transformers' Dinov2 has a head that reads the class token and the mean of the patches; without weights
    /// of the mean it is one that reads the token.</summary>
    private static void CutHead(Dictionary<string, Weight> found)
    {
        if (found.GetValueOrDefault("cls_token") is not { Shape: [.., var dim] }
            || found.GetValueOrDefault("head.weight") is not { Shape: [var classes, var width] } head
            || width != 2 * dim) return;
        float[] row = new float[dim];
        for (long label = 0; label < classes; label++)
        {
            head.Values(label * width + dim, row);
            if (row.AsSpan().ContainsAnyExcept(0)) return;
        }

        found["head.weight"] = head.WithColumns(dim);
    }
}

using Fovea.Nn;
using Fovea.Tensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Loading;

/// <summary>Makes a file's tensor fit a model's where it is known how.</summary>
internal static class Adaptation
{
    private static readonly string[] Heads = ["head", "head_dist", "fc", "classifier"];

    /// <summary>The weight in the target's shape, or null.</summary>
    public static Weight? Fit(ImageClassifier model, string name, NamedTensor target, Weight source, Device device)
    {
        long[] wanted = [.. target.Shape.Select(size => (long)size)];
        if (source.Shape.SequenceEqual(wanted)) return source;
        if (IsSameButForAxesOfOne(source.Shape, wanted)) return source with { Shape = wanted };
        if (IsFirstLayer(model, source.Shape, wanted)) return ChannelAdaptation.Adapt(source, model.Config.Channels);
        if (source.Count is 0 or > int.MaxValue || source.Type.IsFloat is false || IsHead(model, name, target, source))
            return null;

        using StepScope scope = StepScope.Begin();
        Tensor given = Tensor.From(source.ToArray(), Shape.Create([.. source.Shape.Select(size => (int)size)]), device);
        Tensor fitted = model.AdaptWeight(name, given);
        return fitted.Shape == target.Shape ? Weight.Of(name, source.Type, wanted, fitted.ToArray()) : null;
    }

    /// <summary>True for the last layer, where only the number of classes differs.</summary>
    public static bool IsHead(ImageClassifier model, string name, NamedTensor target, Weight source) =>
        Heads.Contains(name.Split('.')[0]) && target.Shape.Rank > 0 && target.Shape[0] == model.Config.Classes
        && source.Shape.Skip(1).SequenceEqual(target.Shape.Skip(1).Select(size => (long)size));

    /// <summary>For example <c>[197, 768]</c> and <c>[1, 197, 768]</c>.</summary>
    private static bool IsSameButForAxesOfOne(IReadOnlyList<long> given, long[] wanted) =>
        given.Where(size => size != 1).SequenceEqual(wanted.Where(size => size != 1));

    /// <summary>True where only the channels of the image differ.</summary>
    private static bool IsFirstLayer(ImageClassifier model, IReadOnlyList<long> given, long[] wanted) =>
        given is [var outputs, > 0, var rows, var columns] && wanted is [var o, var channels, var r, var c]
        && (o, r, c) == (outputs, rows, columns) && channels == model.Config.Channels;
}

namespace Fovea.Tensors.Tests;

/// <summary>Every refusal names the operator, what it expected and what came.</summary>
public sealed class ShapeMessageTests
{
    private static readonly Dictionary<string, Action> Refusals = new()
    {
        ["Linear: inner sizes differ: input [2, 3] ends in 3, weight [5, 4] takes 4."] = () =>
            Ops.Linear(Zeros(2, 3), Zeros(5, 4)),
        ["Linear: weight must be [out, in], got [4]."] = () => Ops.Linear(Zeros(2, 4), Zeros(4)),
        ["Linear: bias must be [5], got [4]."] = () => Ops.Linear(Zeros(2, 4), Zeros(5, 4), Zeros(4)),
        ["Linear: residual must be [2, 5], got [2, 4]."] = () =>
            Ops.Linear(Zeros(2, 4), Zeros(5, 4), residual: Zeros(2, 4)),
        ["ActivationLinear: inner sizes differ: input [3] ends in 3, weight [5, 4] takes 4."] = () =>
            Ops.ActivationLinear(UnaryOperator.Gelu, Zeros(3), Zeros(5, 4)),
        ["LayerNormLinear: gamma must be [4], got [5]."] = () =>
            Ops.LayerNormLinear(Zeros(2, 4), Zeros(5), Zeros(4), 1e-5f, Zeros(5, 4)),
        ["MatMul: needs at least two axes on both sides, got [3] and [3, 4]."] = () =>
            Ops.MatMul(Zeros(3), Zeros(3, 4)),
        ["MatMul: inner sizes differ: left [32, 197, 192] ends in 192, right [384, 768] starts with 384."] = () =>
            Ops.MatMul(Zeros(32, 197, 192), Zeros(384, 768)),
        ["MatMul: inner sizes differ: left [2, 3] transposed ends in 2, right [4, 3] transposed starts with 3."] = () =>
            Ops.MatMul(Zeros(2, 3), Zeros(4, 3), true, true),
        ["MatMul: batch axes differ: left [2, 3, 4], right [5, 4, 3]."] = () =>
            Ops.MatMul(Zeros(2, 3, 4), Zeros(5, 4, 3)),
        ["MatMul: a right side without batch axes [3, 5] needs an untransposed left side, got [2, 3, 4]."] = () =>
            Ops.MatMul(Zeros(2, 3, 4), Zeros(3, 5), transposeA: true),
        ["Attention: qkv must be [batch, token, 3 · head · headDim], got [2, 12]."] = () =>
            Ops.Attention(Zeros(2, 12), 2),
        ["Attention: the last axis of [1, 2, 10] must be 3 · 2 heads · headDim."] = () =>
            Ops.Attention(Zeros(1, 2, 10), 2),
        ["AttentionProbabilities: the last axis of [1, 2, 12] must be 3 · 0 heads · headDim."] = () =>
            Ops.AttentionProbabilities(Zeros(1, 2, 12), 0),
        ["Conv2d: input must be [batch, in, height, width], got [3, 4, 4]."] = () =>
            Ops.Conv2d(Zeros(3, 4, 4), Zeros(1, 3, 1, 1)),
        ["Conv2d: weight must be [out, in/groups, kernelHeight, kernelWidth], got [3, 4]."] = () =>
            Ops.Conv2d(Zeros(1, 3, 4, 4), Zeros(3, 4)),
        ["Conv2d: input [1, 3, 4, 4] and weight [2, 2, 1, 1] do not fit in 1 group(s)."] = () =>
            Ops.Conv2d(Zeros(1, 3, 4, 4), Zeros(2, 2, 1, 1)),
        ["Conv2d: stride 0, dilation 1 and groups 1 must be at least 1, padding 0 at least 0."] = () =>
            Ops.Conv2d(Zeros(1, 3, 4, 4), Zeros(2, 3, 1, 1), stride: 0),
        ["DeformableSample: values must be [batch, token, 1 · 2 heads · width], got [1, 4, 5]."] = () =>
            Sample(Zeros(1, 4, 5)),
        ["DeformableSample: a prefix of 1 and levels of 2x2 make 5 tokens, values [1, 4, 6] have 4."] = () =>
            Sample(Zeros(1, 4, 6), prefix: 1),
        ["DeformableSample: a prefix of -1 and levels of 2x2 make 3 tokens, values [1, 3, 6] have 3."] = () =>
            Sample(Zeros(1, 3, 6), prefix: -1),
        ["DeformableSample: a level of 0x3 is empty."] = () =>
            Ops.DeformableSample(new(Zeros(1, 0, 6), 2), [new(0, 3)], Zeros(1, 3, 2, 1, 4, 2), Zeros(1, 3, 2, 1, 4)),
        ["DeformableSample: weights must be [batch, query, head, level, point], got [3, 4]."] = () =>
            Sample(Zeros(1, 4, 6), weights: Zeros(3, 4)),
        ["DeformableSample: weights must be [1, 3, 2, 1, 4], got [1, 3, 1, 1, 4]."] = () =>
            Sample(Zeros(1, 4, 6), weights: Zeros(1, 3, 1, 1, 4)),
        ["DeformableSample: locations must be [1, 3, 2, 1, 5, 2], got [1, 3, 2, 1, 4, 2]."] = () =>
            Sample(Zeros(1, 4, 6), weights: Zeros(1, 3, 2, 1, 5)),
        ["PoolGrid: x must be [batch, token, width], got [4, 6]."] = () => Ops.PoolGrid(Zeros(4, 6), new(2, 2)),
        ["PoolGrid: x must have 1 + 2 · 2 tokens, got [1, 4, 6]."] = () =>
            Ops.PoolGrid(Zeros(1, 4, 6), new(2, 2), prefix: 1),
        ["GridConvolution: x must have 1 + 2 · 2 tokens, got [1, 4, 6]."] = () =>
            Ops.GridConvolution(new(Zeros(1, 4, 6), 1), new(2, 2), Zeros(9, 6), prefix: 1),
        ["GridConvolution: weight must be [kernel · kernel, 6] with an odd kernel, got [4, 6]."] = () =>
            Ops.GridConvolution(new(Zeros(1, 4, 6), 1), new(2, 2), Zeros(4, 6)),
        ["GridConvolution: weight must be [kernel · kernel, 3] with an odd kernel, got [9, 6]."] = () =>
            Ops.GridConvolution(new(Zeros(1, 4, 6), 2), new(2, 2), Zeros(9, 6)),
        ["GridConvolution: stride must be at least 1, got 0."] = () =>
            Ops.GridConvolution(new(Zeros(1, 4, 6), 1), new(2, 2), Zeros(9, 6), stride: 0),
        ["GridConvolution: bias must be [6], got [1]."] = () =>
            Ops.GridConvolution(new(Zeros(1, 4, 6), 1), new(2, 2), Zeros(9, 6), Zeros(1)),
        ["LayerNorm: gamma must be [4], got [3]."] = () => Ops.LayerNorm(Zeros(2, 4), Zeros(3), Zeros(4)),
        ["LayerNorm: beta must be [4], got [4, 1]."] = () => Ops.LayerNorm(Zeros(2, 4), Zeros(4), Zeros(4, 1)),
        ["CrossEntropy: logits must be [batch, class], got [4]."] = () => Ops.CrossEntropy(Zeros(4), Labels(0)),
        ["CrossEntropy: labels must be [2], got [1]."] = () => Ops.CrossEntropy(Zeros(2, 3), Labels(0)),
        ["CrossEntropy: classWeights must be [3], got [2]."] = () =>
            Ops.CrossEntropy(Zeros(1, 3), Labels(0), classWeights: Zeros(2)),
        ["SoftCrossEntropyPerRow: targets must be [2, 3], got [2, 4]."] = () =>
            Ops.SoftCrossEntropy(Zeros(2, 3), Zeros(2, 4)),
        ["Add: [2, 3] and [2, 4] do not broadcast: axis 1 is 3 on the left and 4 on the right."] = () =>
            Ops.Add(Zeros(2, 3), Zeros(2, 4)),
        ["Divide: [1, 3] and [2, 4] do not broadcast: axis 1 is 3 on the left and 4 on the right."] = () =>
            Ops.Divide(Zeros(3), Zeros(2, 4)),
        ["Gate: the last axis must have two halves, got [2, 3]."] = () => Ops.Gate(UnaryOperator.Silu, Zeros(2, 3)),
        ["Reshape: [2, 3] has 6 elements, [4, -1] does not."] = () => Ops.Reshape(Zeros(2, 3), 4, -1),
        ["Permute: [0, 0] must name each of the 2 axes of [2, 3] once."] = () => Ops.Permute(Zeros(2, 3), 0, 0),
        ["Permute: [1, 0] must name each of the 3 axes of [2, 3, 4] once."] = () => Ops.Permute(Zeros(2, 3, 4), 1, 0),
        ["Slice: 2 to 5 is outside axis 1 of [2, 4]."] = () => Ops.Slice(Zeros(2, 4), 1, 2, 3),
        ["Slice: axis 2 is outside [2, 4], which has 2 axes."] = () => Ops.Slice(Zeros(2, 4), 2, 0, 1),
        ["Concat: needs at least one input."] = () => Ops.Concat(0),
        ["Concat: inputs may differ only in axis 0, got [2, 3] and [2, 4]."] = () =>
            Ops.Concat(0, Zeros(2, 3), Zeros(2, 4)),
        ["Concat: inputs may differ only in axis 0, got [2, 3] and [3]."] = () => Ops.Concat(0, Zeros(2, 3), Zeros(3)),
        ["Expand: [2, 3] does not expand to [4, 3]; only axes of size 1 repeat."] = () => Ops.Expand(Zeros(2, 3), 4, 3),
        ["Expand: [3] does not expand to [2, 3]; only axes of size 1 repeat."] = () => Ops.Expand(Zeros(3), 2, 3),
        ["Gather: x must be [rows, dim], got [3]."] = () => Ops.Gather(Zeros(3), Labels(0)),
        ["Patchify: image must be [batch, channel, height, width], got [3, 4, 4]."] = () =>
            Ops.Patchify(Zeros(3, 4, 4), 2),
        ["Patchify: patches of 3x3 do not divide an image of 4x6."] = () => Ops.Patchify(Zeros(1, 1, 4, 6), 3),
        ["Sum: axis -3 is outside [2, 4], which has 2 axes."] = () => Ops.Sum(Zeros(2, 4), -3),
        ["Mean: axis 0 is outside [], which has 0 axes."] = () => Ops.Mean(Zeros(), 0),
        ["Max: axis 1 of [2, 0] is empty."] = () => Ops.Max(Zeros(2, 0), 1),
    };

    public static TheoryData<string> Messages() => [.. Refusals.Keys];

    [Theory]
    [MemberData(nameof(Messages))]
    public void Refusal(string message) =>
        Assert.Equal(message, Assert.Throws<ShapeException>(Refusals[message]).Message);

    [Fact]
    public void Indices_outside_the_range_are_refused_by_value()
    {
        Assert.StartsWith("Gather: indices must be 0 to 1.",
            Assert.Throws<ArgumentOutOfRangeException>(() => Ops.Gather(Zeros(2, 3), Labels(2))).Message,
            StringComparison.Ordinal);
        Assert.StartsWith("CrossEntropy: indices must be 0 to 2.",
            Assert.Throws<ArgumentOutOfRangeException>(() => Ops.CrossEntropy(Zeros(1, 3), Labels(-1))).Message,
            StringComparison.Ordinal);
        Assert.StartsWith("Slice:",
            Assert.Throws<ShapeException>(() => Ops.Slice(Zeros(2, 3), 1, 1, int.MaxValue)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Integers_are_asked_for_by_name()
    {
        Assert.StartsWith("Gather: indices must be integers.",
            Assert.Throws<ArgumentException>(() => Ops.Gather(Zeros(2, 3), Zeros(1))).Message,
            StringComparison.Ordinal);
        Assert.StartsWith("CrossEntropy: labels must be integers.",
            Assert.Throws<ArgumentException>(() => Ops.CrossEntropy(Zeros(1, 3), Zeros(1))).Message,
            StringComparison.Ordinal);
    }

    private static Tensor Sample(Tensor values, Tensor? weights = null, int prefix = 0) =>
        Ops.DeformableSample(new(values, 2), [new(2, 2)], Zeros(1, 3, 2, 1, 4, 2), weights ?? Zeros(1, 3, 2, 1, 4),
            prefix);

    private static Tensor Zeros(params int[] sizes) => Tensor.Zeros(Shape.Create(sizes), Device.Reference);

    private static Tensor Labels(params int[] labels) => Tensor.From(labels, [labels.Length], Device.Reference);
}

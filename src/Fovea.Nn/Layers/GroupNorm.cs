using Fovea.Tensors;

namespace Fovea.Nn.Layers;

/// <summary>
/// Group norm of <c>[batch, channel, height, width]</c>: the channels of a group, over the whole image, have mean 0 and
/// variance 1, whatever the batch is; then a scale and a shift per channel. Parameters <c>weight [channel]</c> and
/// <c>bias [channel]</c> (Wu and He 2018, arXiv:1803.08494, eq. 7).
/// </summary>
public sealed class GroupNorm : Module
{
    private readonly int _groups;
    private readonly float _epsilon;

    /// <param name="channels">Channels.</param>
    /// <param name="groups">Groups; divides the channels.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <exception cref="UsageException">A size below 1, or groups that do not divide the channels.</exception>
    public GroupNorm(int channels, int groups = 32, float epsilon = 1e-5f)
    {
        Check.AtLeast(1, channels, "GroupNorm: channels");
        Check.AtLeast(1, groups, "GroupNorm: groups");
        Check.That(channels % groups == 0, $"GroupNorm: {groups} groups must divide {channels} channels.");
        (_groups, _epsilon) = (groups, epsilon);
        Weight = Register(new Parameter("weight", [channels], Init.Ones, decay: false));
        Bias = Register(new Parameter("bias", [channels], Init.Zeros, decay: false));
    }

    /// <summary>Scale <c>[channel]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary>Shift <c>[channel]</c>.</summary>
    public Parameter Bias { get; }

    /// <summary>norm(x), <c>[batch, channel, height, width]</c>.</summary>
    public Tensor Forward(Tensor x)
    {
        (int batch, int channels, int pixels) = (x.Shape[0], x.Shape[1], x.Shape[2] * x.Shape[3]);
        Tensor normed = StandardizedConv2d.Standardize(x.Reshape(batch * _groups, channels / _groups * pixels),
            _epsilon)
            .Reshape(batch, channels, pixels);
        Tensor scaled = Ops.Multiply(normed, Weight.Value.Reshape(1, channels, 1));
        return Ops.Add(scaled, Bias.Value.Reshape(1, channels, 1)).Reshape([.. x.Shape]);
    }
}

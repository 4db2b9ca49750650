using Fovea.Nn;
using Fovea.Nn.Layers;
using Fovea.Tensors;

namespace Fovea.Training.Objectives;

/// <summary>
/// DINO's projection head (Caron et al. 2021, arXiv:2104.14294, appendix C): three linear layers with GELU between
/// them, the result scaled to length 1, and a last layer without bias whose rows have length 1, whatever the length of
/// the learned ones is (weight normalisation with a fixed norm). Names as in the paper's code.
/// </summary>
internal sealed class ProjectionHead : Module
{
    private readonly Linear _first, _second, _third;

    /// <param name="inputs">Features of the model.</param>
    /// <param name="hidden">Elements of the hidden layers.</param>
    /// <param name="bottleneck">Elements of the scaled result.</param>
    /// <param name="outputs">Outputs.</param>
    public ProjectionHead(int inputs, int hidden, int bottleneck, int outputs)
    {
        _first = Register("mlp.0", Layer(inputs, hidden));
        _second = Register("mlp.2", Layer(hidden, hidden));
        _third = Register("mlp.4", Layer(hidden, bottleneck));
        LastLayer = Register(new Parameter("last_layer.weight_v", [outputs, bottleneck],
            Init.KaimingUniform(Math.Sqrt(5))));

        static Linear Layer(int from, int to) => new(from, to, true, Init.TruncatedNormal(0.02), Init.Zeros);
    }

    /// <summary>Weight of the last layer before its rows are scaled, <c>[output, bottleneck]</c>.</summary>
    public Parameter LastLayer { get; }

    /// <param name="features"><c>[row, dim]</c>.</param>
    /// <returns>Logits, <c>[row, output]</c>.</returns>
    public Tensor Forward(Tensor features)
    {
        Tensor x = _second.Forward(UnaryOperator.Gelu, _first.Forward(features));
        return Ops.Linear(Losses.UnitRows(_third.Forward(UnaryOperator.Gelu, x)), Losses.UnitRows(LastLayer));
    }
}

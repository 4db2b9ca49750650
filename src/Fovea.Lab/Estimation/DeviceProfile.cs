namespace Fovea.Lab.Estimation;

/// <summary>A device to train on, as far as time and cost depend on it.</summary>
/// <param name="Name">E.g. <c>a100-80gb</c>.</param>
/// <param name="Tflops">Peak of matrix products, 10¹² operations per second, in the precision that one trains with on
/// it.</param>
/// <param name="Exponentials">10¹² per second.</param>
/// <param name="Bandwidth">Memory bandwidth, 10⁹ bytes per second.</param>
/// <param name="Memory">10⁹ bytes.</param>
/// <param name="Interconnect">To the other devices, 10⁹ bytes per second.</param>
/// <param name="PricePerHour">Dollars.</param>
/// <param name="Efficiency">Share of the peak that whole training steps of a transformer reach.</param>
/// <param name="ConvolutionEfficiency">The same of residual networks, whose convolutions and norms fill matrix units
/// less.</param>
/// <param name="ElementBytes">Bytes of an activation: 2 in half precision, 4 in single.</param>
public sealed record DeviceProfile(
    string Name, double Tflops, double Exponentials, double Bandwidth, double Memory, double Interconnect,
    double PricePerHour, double Efficiency,
    double ConvolutionEfficiency, int ElementBytes)
{
    /// <summary>Share of the peak that training steps of such a model reach.</summary>
    public double EfficiencyOf(ModelCost cost) => cost.IsConvolutional ? ConvolutionEfficiency : Efficiency;

    /// <summary>
    /// Seconds of a step: products at the reachable share of the peak and the exponentials of the attention, or memory
    /// traffic, or the sum of gradients over devices, whichever takes longest. What a step does whatever the batch each
    /// device does.
    /// </summary>
    /// <param name="cost">A step's cost.</param>
    /// <param name="batchSize">Images per step, over all devices.</param>
    /// <param name="devices">Devices that share the batch.</param>
    public double StepSeconds(ModelCost cost, double batchSize, int devices)
    {
        double images = Math.Ceiling(batchSize / devices);
        double scale = ElementBytes / 4.0;
        double reached = Tflops * 1e12 * EfficiencyOf(cost);
        double compute = images * (cost.FlopsPerImage / reached + cost.ExponentialsPerImage / (Exponentials * 1e12))
            + cost.FlopsPerStep / reached;
        double traffic = (images * cost.BytesPerImage * scale + cost.BytesPerStep) / (Bandwidth * 1e9);
        // ring all-reduce
        double gradients = 2.0 * (devices - 1) / devices * cost.Parameters * ElementBytes / (Interconnect * 1e9);
        return Math.Max(Math.Max(compute, traffic), devices == 1 ? 0 : gradients);
    }
}

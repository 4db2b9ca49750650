using Fovea.Nn.Layers;
using Fovea.Nn.Optimization;
using Fovea.Tensors;

namespace Fovea.Nn.Tests.Optimization;

public sealed class WeightAverageTests
{
    [Fact]
    public void It_follows_the_weights_at_the_rate_of_its_decay()
    {
        Linear layer = Layer(0);
        WeightAverage average = new(layer, 0.9);

        layer.Weight.Value.CopyFrom([1, 1]);
        average.Update();
        average.Update();

        Assert.Equal(0.19f, Averaged(average)[0], 1e-6);
        Assert.Equal(2, average.Updates);
    }

    [Fact]
    public void Warm_up_starts_with_less_decay()
    {
        Linear layer = Layer(0);
        WeightAverage average = new(layer, 0.9999, AverageWarmUp.Steps);

        layer.Weight.Value.CopyFrom([1, 1]);
        average.Update();

        Assert.Equal(0.9f, Averaged(average)[0], 1e-6);   // decay 1/10
    }

    [Fact]
    public void Warm_up_by_a_power_is_timms()
    {
        Linear layer = Layer(0);
        WeightAverage average = new(layer, 0.5, AverageWarmUp.Power);
        float expected = 0;
        for (int t = 0; t < 6; t++)
        {
            layer.Weight.Value.CopyFrom([t + 1f, 1]);
            average.Update();
            // 0 in the first update, 0.5 from the third on
            double decay = Math.Min(0.5, 1 - Math.Pow(1 + t, -2.0 / 3));
            expected = (float)(decay * expected + (1 - decay) * (t + 1));
            Assert.Equal(expected, Averaged(average)[0], 1e-5);
        }
    }

    [Fact]
    public void Swapping_in_is_undone_on_dispose_and_the_state_is_always_the_average()
    {
        Linear layer = Layer(2);
        WeightAverage average = new(layer, 0.5);
        layer.Weight.Value.CopyFrom([4, 4]);
        average.Update();

        using (average.SwapIn())
        {
            Assert.Equal([3f, 3f], layer.Weight.Value.ToArray());
            Assert.Equal([3f, 3f], Averaged(average));
            Assert.Throws<InvalidOperationException>(average.Update);
            Assert.Throws<InvalidOperationException>(average.SwapIn);
        }

        Assert.Equal([4f, 4f], layer.Weight.Value.ToArray());
        Assert.Equal([3f, 3f], Averaged(average));
    }

    private static Linear Layer(float value)
    {
        Linear layer = new(2, 1, bias: false, weightInit: Init.Constant(value));
        layer.Initialize(Device.Reference, 0);
        return layer;
    }

    private static float[] Averaged(WeightAverage average) => average.State().Single().Value.ToArray();
}

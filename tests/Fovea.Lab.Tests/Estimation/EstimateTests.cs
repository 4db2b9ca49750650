using Fovea.Lab.Benchmarks;
using Fovea.Lab.Estimation;
using Fovea.Training.Recipes;
using Fovea.Vision.Models;

namespace Fovea.Lab.Tests.Estimation;

public class EstimateTests
{
    private static readonly DeviceProfile Machine = new(
        "m", Tflops: 1, Exponentials: double.PositiveInfinity, Bandwidth: 100, Memory: 1, Interconnect: 10,
        PricePerHour: 2, Efficiency: 0.5, ConvolutionEfficiency: 0.25,
        ElementBytes: 4);

    [Fact]
    public void Products_decide_where_they_take_longest()
    {
        ModelCost cost = ModelCost.OfTraining(Presets.Find("vit").Config);
        Assert.Equal(64 * cost.FlopsPerImage / 0.5e12, Machine.StepSeconds(cost, 64, 1), 9);
        Assert.Equal(16 * cost.FlopsPerImage / 0.5e12, Machine.StepSeconds(cost, 64, 4), 9);
    }

    [Fact]
    public void Exponentials_come_on_top_and_convolutions_have_a_share_of_their_own()
    {
        DeviceProfile slow = Machine with { Exponentials = 1e-3 };
        ModelCost vit = ModelCost.OfTraining(Presets.Find("vit").Config),
            resnet = ModelCost.OfTraining(Presets.Find("resnet18-cifar").Config);
        Assert.Equal(4 * 257.0 * 257 * 8 * 2, vit.ExponentialsPerImage);
        Assert.Equal(Machine.StepSeconds(vit, 64, 1) + 64 * vit.ExponentialsPerImage / 1e9,
            slow.StepSeconds(vit, 64, 1), 9);
        Assert.Equal(64 * resnet.FlopsPerImage / 0.25e12, slow.StepSeconds(resnet, 64, 1), 9);
    }

    [Fact]
    public void Memory_decides_where_it_is_slow_and_gradients_where_the_network_is()
    {
        ModelCost cost = ModelCost.OfTraining(Presets.Find("vit").Config);
        Assert.Equal((8 * cost.BytesPerImage + cost.BytesPerStep) / 1e9,
            (Machine with { Bandwidth = 1 }).StepSeconds(cost, 8, 1), 6);
        Assert.Equal(2 * 3 / 4.0 * cost.Parameters * 4 / 1e6,
            (Machine with { Interconnect = 1e-3 }).StepSeconds(cost, 8, 4), 6);
    }

    [Fact]
    public void A_schedule_is_its_images_over_the_speed()
    {
        Estimate estimate = Estimate.Of(new BenchmarkOptions { Model = "vit", BatchSize = 100 }, Machine,
            Phase.Parse("cifar10:3,1000:2"), [1, 2], memory: null);
        double images = 3 * (45_000 + 5_000 / 3.0) + 10_000 / 3.0 + 2 * 1000;   // a tenth is held out
        Assert.Equal(images / estimate.Times[0].ImagesPerSecond / 3600, estimate.Times[0].Hours, 9);
        Assert.Equal(estimate.Times[0].Hours * 2, estimate.Times[0].Dollars, 9);
        Assert.Equal(estimate.Times[0].Hours / 2, estimate.Times[1].Hours, 9);
        Assert.Equal(estimate.LargestBatch >= 100, estimate.Times[0].Fits);
    }

    [Theory]
    [InlineData("cifar100", 45_000, 5_000, 10_000)]
    [InlineData("imagenet", 1_153_050, 128_117, 50_000)]
    [InlineData("cats-and-dogs", 20_250, 2_250, 2_500)]   // nothing published to test
    [InlineData("1000", 1000, 0, 0)]
    public void Images_of_a_schedule_are_those_that_train_uses(string name, long train, long validation, long test) =>
        Assert.Equal(new Phase(name, train, validation, 2, test), Assert.Single(Phase.Parse($"{name}:2")));

    [Fact]
    public void Muons_products_come_on_top_once_a_step_on_each_device()
    {
        ModelCost adam = ModelCost.OfTraining(Presets.Find("vit").Config), muon = ModelCost.OfTraining(
            Presets.Find("vit").Config, optimisation: new() { Optimizer = OptimizerKind.Muon });
        foreach (int devices in (int[])[1, 4])
            Assert.Equal(Machine.StepSeconds(adam, 64, devices) + muon.FlopsPerStep / 0.5e12,
                Machine.StepSeconds(muon, 64, devices), 9);
    }

    [Fact]
    public void Evaluation_has_no_images_without_labels()
    {
        Estimate Of(SemiMethod method) => Estimate.Of(new BenchmarkOptions { Model = "vit", BatchSize = 100 }, Machine,
            Phase.Parse("cifar10:3"), [1], memory: null, new() { Method = method });
        Estimate plain = Of(SemiMethod.None), semi = Of(SemiMethod.FixMatch);
        double hours = (3 * 45_000 / semi.Times[0].ImagesPerSecond
            + (3 * 5_000 + 10_000) / 3.0 / plain.Times[0].ImagesPerSecond) / 3600;
        Assert.Equal(hours, semi.Times[0].Hours, 9);
        Assert.Equal((0, 7), (plain.UnlabelledImages, semi.UnlabelledImages));
        Assert.InRange(plain.LargestBatch, 7.9 * semi.LargestBatch, 9.0 * semi.LargestBatch);
    }

    [Theory]
    [InlineData("cifar10", "DATASET:EPOCHS")]
    [InlineData("cifar10:0", "DATASET:EPOCHS")]
    [InlineData("cifar:5", "did you mean 'cifar10'")]
    public void Schedules_that_are_not_understood_are_refused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => Phase.Parse(text)).Message);

    [Fact]
    public void The_built_in_devices_read_back()
    {
        Assert.Contains(DeviceTable.BuiltIn, device => device is { Name: "a100-80gb", Tflops: 312, Memory: 80 });
        Assert.Equal(DeviceTable.BuiltIn.Count, DeviceTable.BuiltIn.Select(device => device.Name).Distinct().Count());
        Assert.Equal(DeviceTable.BuiltIn, DeviceTable.Parse(DeviceTable.BuiltInText, "copy"));
    }

    [Theory]
    [InlineData("- { name: a, tflop: 1 }", "line 1: tflop: there is no such key; did you mean 'tflops'?")]
    [InlineData("- { name: a, tflops: fast }", "expected a number above 0, got 'fast'")]
    [InlineData("- { name: a, tflops: 1 }", "has no 'exponentials'")]
    [InlineData(
        "- { name: a, tflops: 1, bandwidth: 1, exponentials: 1, memory: 1, interconnect: 1, price: 0, efficiency: 0.3, "
            + "convolutions: 2, element: 4 }", "at most 1")]
    [InlineData("name: a", "line 1: expected a list of devices")]
    public void Device_tables_with_mistakes_are_refused(string yaml, string message) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => DeviceTable.Parse(yaml, "d.yaml")).Message);
}

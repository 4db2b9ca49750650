using Fovea.Tensors;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Convolutional;
using Fovea.Vision.Models.Residual;

namespace Fovea.Vision.Tests.Explanation;

public sealed class GradCamTests
{
    /// <summary>Behind an average and a linear head the score's gradient is the head's weight, so the map is max(0, Σ_c
    /// w_c F_c).</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Behind_a_linear_head_it_is_the_features_times_its_weights(int target)
    {
        foreach (Device device in (Device[])[Device.Reference, Device.Cpu])
        {
            using StepScope scope = StepScope.Begin();
            ResNet model = (ResNet)(Presets.Find("resnet18-cifar").Config with { ImageSize = 24, Classes = 3 }).Build();
            model.Initialize(device, 3);
            model.Train(false);
            Tensor image = TestTensors.Normal([1, 3, 24, 16], device);
            GradCam cam = GradCam.Of(model, image, target);

            float[] features = model.Features(image).ToArray(),
                weight = model.NamedParameters().Single(entry => entry.Name == "fc.weight").Parameter.Value.ToArray();
            int places = cam.Map.Rows * cam.Map.Columns, channels = features.Length / places;
            float[] expected = [.. Enumerable.Range(0, places).Select(place =>
                Math.Max(0, Enumerable.Range(0,
                    channels).Sum(c => weight[target * channels + c] * features[c * places + place])))];
            Assert.Equal((3, 2), (cam.Map.Rows, cam.Map.Columns));
            GoldenAssert.Close(new PatchMap(3, 2, expected).Normalized().Values, cam.Map.Values, 1e-5, 1e-4);
            Assert.Equal(model.Forward(image).ToArray(), cam.Scores);
            Assert.All(model.NamedParameters(),
                entry => Assert.True(entry.Parameter.Value.RequiresGradient && entry.Parameter.Value.Gradient is null));
        }
    }

    /// <summary>Of a convolutional transformer the last stage's input: its channels count by how the score changes when
    /// all positions of a channel change, here by differences.</summary>
    [Fact]
    public void Of_a_convolutional_transformer_it_is_the_map_before_the_last_stage()
    {
        using StepScope scope = StepScope.Begin();
        ConvolutionalTransformer model = ((CvtConfig)Presets.Find("cvt-nano").Config with
        {
            Classes = 3,
            Dims = [4, 6, 8],
            Heads = [1, 2, 2],
            Depths = [1, 1, 2],
        }).Build();
        model.Initialize(Device.Reference, 3);
        model.Train(false);
        Tensor image = TestTensors.Normal([1, 3, 32, 24], Device.Reference);
        GradCam cam = GradCam.Of(model, image, 1);
        Assert.Equal(model.Forward(image).ToArray(), cam.Scores);
        Assert.Equal((8, 6), (cam.Map.Rows, cam.Map.Columns));

        Tensor map = model.Features(image);
        Assert.Equal([1, 6, 8, 6], map.Shape.Sizes.ToArray());
        float[] features = map.ToArray();
        int places = cam.Map.Rows * cam.Map.Columns;
        double[] expected = new double[places];
        for (int c = 0; c < 6; c++)
        {
            double weight = (Moved(c, 1f / 256) - Moved(c, -1f / 256)) * 128;
            for (int place = 0; place < places; place++) expected[place] += weight * features[c * places + place];
        }

        PatchMap wanted = new PatchMap(8, 6, [.. expected.Select(value => (float)Math.Max(0, value))]).Normalized();
        GoldenAssert.Close(wanted.Values, cam.Map.Values, 1e-4, 1e-3);

        double Moved(int channel, float step)
        {
            float[] moved = [.. features.Select((value, i) => i / places == channel ? value + step : value)];
            return model.Score(Tensor.From(moved, map.Shape, Device.Reference)).ToArray()[1];
        }
    }
}

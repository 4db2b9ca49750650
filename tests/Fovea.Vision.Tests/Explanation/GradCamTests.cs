using Fovea.Tensors;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models;
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
}

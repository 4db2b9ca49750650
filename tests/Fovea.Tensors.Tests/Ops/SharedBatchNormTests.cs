using Fovea.Core.Collectives;
using static Fovea.Tensors.Tests.Support.Sample;

namespace Fovea.Tensors.Tests;

public sealed class SharedBatchNormTests
{
    [Theory]
    [InlineData(false, false, 1)]
    [InlineData(true, false, 2)]
    [InlineData(false, true, 3)]
    [InlineData(true, true, 6)]
    public void Shards_of_a_batch_have_the_results_and_gradients_of_the_batch(bool residual, bool relu, int shards)
    {
        Device device = Device.CreateReference();
        int[] sizes = shards == 3 ? [1, 2, 3] : [.. Enumerable.Repeat(6 / shards, shards)];
        Shape shape = [6, 2, 2, 3];
        float[] x = Normal(shape).Create(device, 1).ToArray(), more = Normal(shape).Create(device, 2).ToArray(),
            slopes = Normal(shape).Create(device, 3).ToArray(), gains = [1.5f, -0.7f], shifts = [0.2f, 0.4f];
        float[][] whole = Compute([x], [more], [slopes], [6], batchNorm: null);

        float[][] parts = [];
        using (ShardMeeting meeting = new(shards, values => values))
        {
            parts = Compute(Cut(x), Cut(more), Cut(slopes), sizes, meeting);
        }

        for (int i = 0; i < whole.Length; i++) GoldenAssert.Close(
            [.. whole[i].Select(v => (double)v)], [.. parts[i].Select(v => (double)v)], 2e-5, 2e-5);

        float[][] Cut(float[] values)
        {
            int start = 0;
            return [.. sizes.Select(size => values[(start * 12)..((start += size) * 12)])];
        }

        // y, dx, dresidual, dgamma, dbeta, running mean and variance
        float[][] Compute(float[][] xs, float[][] residuals, float[][] ups, int[] counts, ShardMeeting? batchNorm)
        {
            Tensor gamma = Kept(gains), beta = Kept(shifts), mean = Kept([0.1f, 0.2f]), variance = Kept([1f, 2]);
            float[][] y = new float[counts.Length][], dx = new float[counts.Length][], dr = new float[counts.Length][];
            void Shard(int i)
            {
                using StepScope scope = StepScope.Begin();
                using Tape tape = Tape.Record();
                Shape part = [counts[i], 2, 2, 3];
                Tensor input = Input(xs[i], part), added = Input(residuals[i], part);
                Tensor result = ShardMeeting.Current is { } seat
                    ? Ops.SharedBatchNorm(input, gamma, beta, mean, variance, 0.25f, 1e-3f, residual ? added : null,
                        relu,
                        seat)
                    : Ops.BatchNorm(input, gamma, beta, mean, variance, 0.25f, 1e-3f, residual ? added : null, relu);
                y[i] = result.ToArray();
                tape.Backward(result, Tensor.From(ups[i], part, device));
                (dx[i], dr[i]) = (input.Gradient!.ToArray(), added.Gradient?.ToArray() ?? []);
            }

            if (batchNorm is null) Shard(0);
            else batchNorm.Run(Shard, _ => { }, _ => { });
            return [[.. y.SelectMany(v => v)], [.. dx.SelectMany(v => v)], [.. dr.SelectMany(v => v)],
                gamma.Gradient!.ToArray(), beta.Gradient!.ToArray(), mean.ToArray(), variance.ToArray()];
        }

        Tensor Kept(float[] values)
        {
            Tensor tensor = Tensor.From(values, [values.Length], device).Keep();
            tensor.RequiresGradient = true;
            return tensor;
        }

        Tensor Input(float[] values, Shape part)
        {
            Tensor tensor = Tensor.From(values, part, device).Keep();
            tensor.RequiresGradient = true;
            return tensor;
        }
    }

    [Fact]
    public void One_value_of_all_shards_together_has_no_variance()
    {
        using ShardMeeting meeting = new(1, values => values);
        Assert.Throws<UsageException>(() => meeting.Run(_ => Ops.SharedBatchNorm(
            Tensor.Zeros([1, 2, 1, 1], Device.CreateReference()), null, null, null, null, 0.1f, 1e-5f, null, false,
            ShardMeeting.Current!), _ => { }, _ => { }));
    }
}

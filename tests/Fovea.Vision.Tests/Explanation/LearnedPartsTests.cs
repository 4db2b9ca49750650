using Fovea.Tensors;
using Fovea.Vision.Explanation;
using Fovea.Vision.Models;
using Fovea.Vision.Models.Transformers;
using Fovea.Vision.Position;

namespace Fovea.Vision.Tests.Explanation;

public sealed class LearnedPartsTests
{
    [Fact]
    public void Similarity_is_the_cosine()
    {
        Tensor positions = Tensor.From([3f, 4, -6, -8, 4, -3, 0, 0], [4, 2], Device.Reference);
        Assert.Equal([1f, -1, 0, 0, -1, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0], PositionSimilarity.Of(positions));
    }

    /// <summary>Prefix tokens are left out, whether they have positions or not, and other grids are
    /// resampled.</summary>
    [Fact]
    public void Positions_are_those_of_the_patches()
    {
        foreach (VisionTransformerConfig config in SmallModels.Readers.Values)
        {
            VisionTransformer model = SmallModels.Build(config, Device.Cpu);
            float[] table = model.NamedParameters()
                .Single(entry => entry.Name == "pos_embed").Parameter.Value.ToArray();
            Assert.Equal(table[^(4 * 8)..], model.PatchPositions(model.GridOf(8, 8))!.ToArray());
            Assert.Equal([6, 8], model.PatchPositions(model.GridOf(8, 12))!.Shape);
        }

        Assert.Null(SmallModels.Build(SmallModels.Config with { Position = PositionKind.None }, Device.Cpu)
            .PatchPositions(new(1, 2, 2)));
        Assert.Equal([4, 8], SmallModels.Build(SmallModels.Config with { Position = PositionKind.SinCos2d },
            Device.Cpu).PatchPositions(new(1, 2, 2))!.Shape);
    }

    /// <summary>W = Σ s_k u_k v_kᵀ with known v: rows along the axes of a rotated frame, 3, 2 and 1 long.</summary>
    [Fact]
    public void Principal_directions_are_the_right_singular_vectors()
    {
        float[] first = [0.6f, 0.8f, 0], second = [-0.8f, 0.6f, 0], third = [0, 0, -1];
        float[] rows = [.. second.Select(x => 2 * x), .. first.Select(x => -3 * x), .. third];
        float[][] found = PrincipalDirections.Of(rows, 3, 3, 3);

        GoldenAssert.Close(first, found[0], 1e-6, 0, "first");
        GoldenAssert.Close([0.8f, -0.6f, 0], found[1], 1e-6, 0, "second");
        GoldenAssert.Close([0, 0, 1f], found[2], 1e-6, 0, "third");
    }

    /// <summary>No set of as many directions at right angles holds more of W than the first singular ones; ranks below
    /// what is asked for are no trouble.</summary>
    [Theory]
    [InlineData(40, 12, 5)]
    [InlineData(3, 12, 6)]
    [InlineData(1, 4, 4)]
    public void Principal_directions_are_at_right_angles_and_hold_most_of_the_matrix(int count, int size, int wanted)
    {
        float[] rows = TestTensors.Normal([count, size], Device.Reference, 3).ToArray();
        float[][] found = PrincipalDirections.Of(rows, count, size, wanted);

        for (int i = 0; i < wanted; i++)
            for (int j = 0; j <= i; j++) Assert.Equal(i == j ? 1 : 0, Dot(found[i], found[j]), 1e-5);
        double[] held = [.. found.Select(Held)];
        Assert.All(held.Zip(held.Skip(1)), pair => Assert.True(pair.First >= pair.Second - 1e-6));
        double axes = Enumerable.Range(0, size)
            .Select(i => Held([.. Enumerable.Range(0, size).Select(j => i == j ? 1f : 0)])).OrderDescending()
            .Take(wanted).Sum();
        Assert.True(held.Sum() >= axes - 1e-5, $"{held.Sum()} is less than the {axes} along {wanted} axes");
        if (wanted >= Math.Min(count, size)) Assert.Equal(rows.Sum(x => (double)x * x), held.Sum(), 1e-3);

        double Held(float[] v) => rows.Chunk(size).Sum(row => Dot(row, v) * Dot(row, v));

        static double Dot(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
    }

    [Theory]
    [InlineData("vit-nano", "patch_embed.proj.weight", 4, 96, true)]
    [InlineData("vitx", "patch_embed.convs.0.weight", 3, 32, false)]
    [InlineData("resnet18", "conv1.weight", 7, 64, false)]
    public void Filters_are_those_of_the_first_layer(string preset, string name, int side, int count, bool principal)
    {
        ImageClassifier model = (Presets.Find(preset).Config with { ImageSize = 32 }).Build();
        model.Initialize(Device.Cpu, 1);
        FirstFilters filters = FirstFilters.Of(model)!;

        Assert.Equal((name, 3, side, side, principal, count),
            (filters.Name, filters.Channels, filters.Height, filters.Width, filters.Principal, filters.Total));
        Assert.Equal(principal ? 32 : count, filters.Filters.Count);
        if (!principal)
            Assert.Equal(model.NamedParameters().Single(entry => entry.Name == name).Parameter.Value.ToArray(),
                filters.Filters.SelectMany(filter => filter));
    }
}

using System.Security.Cryptography;
using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Shapes;
using Fovea.Data.Datasets.Splits;

namespace Fovea.Data.Tests.Datasets.Shapes;

public sealed class ShapesDatasetTests
{
    [Fact]
    public void The_images_are_the_same_on_every_machine()
    {
        InMemoryDataset dataset = ShapesDataset.Draw(seed: 7, "train", 100);
        byte[] all = [.. Enumerable.Range(0, 100).SelectMany(i => dataset.Pixels(i).ToArray())];
        Assert.Equal("6966ab5de8b43fb71e19b695a310828f4c55bb337a76669cf919809f89c96471",
            Convert.ToHexStringLower(SHA256.HashData(all)));
    }

    [Fact]
    public void An_image_depends_on_seed_split_and_index_alone()
    {
        byte[] Ninth(ulong seed, string split, int count) => ShapesDataset.Draw(seed, split, count).Pixels(9).ToArray();
        byte[] image = Ninth(1, "train", 10);
        Assert.Equal(image, Ninth(1, "train", 200));
        Assert.NotEqual(image, Ninth(2, "train", 10));
        Assert.NotEqual(image, Ninth(1, "test", 10));
    }

    [Fact]
    public void The_splits_have_the_sizes_asked_for_and_share_no_image()
    {
        DatasetSplits splits = ShapesDataset.Load(seed: 0, train: 40, validation: 30, test: 20);
        Assert.Equal((40, 30, 20), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        IEnumerable<string> images = new[] { splits.Train, splits.Validation, splits.Test }
            .SelectMany(split => Enumerable.Range(0, split.Count).Select(i => Convert.ToBase64String(Read(split, i))));
        Assert.Equal(90, images.Distinct().Count());
    }

    /// <summary>In any order, more than once, from several threads, whatever the size of the split.</summary>
    [Fact]
    public void Images_that_are_drawn_when_they_are_read_are_those_of_the_whole_split()
    {
        DatasetSplits splits = ShapesDataset.Load(seed: 7, train: 1000, validation: 64, test: 64);
        (string Name, IImageDataset Split)[] all =
            [("train", splits.Train), ("validation", splits.Validation), ("test", splits.Test)];
        foreach ((string name, IImageDataset split) in all)
        {
            InMemoryDataset whole = ShapesDataset.Draw(seed: 7, name, 64);
            Parallel.For(0, 3 * 64, i =>
            {
                int index = (17 * i + i / 64) % 64;
                Assert.Equal(whole.Pixels(index), Read(split, index));
                Assert.Equal(whole.Label(index), split.Label(index));
            });
            Assert.Throws<ArgumentOutOfRangeException>(() => Read(split, split.Count));
            Assert.Throws<ArgumentOutOfRangeException>(() => split.Label(-1));
        }
    }

    [Fact]
    public void Classes_are_balanced_and_named()
    {
        InMemoryDataset dataset = ShapesDataset.Draw(0, "train", 200);
        string[] names = ["circle", "triangle", "square", "pentagon", "star", "cross", "ring", "crescent", "heart",
            "arrow"];
        Assert.Equal(names, dataset.Info.ClassNames);
        Assert.All(Enumerable.Range(0, 200).GroupBy(dataset.Label), group => Assert.Equal(20, group.Count()));
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void The_normalisation_is_that_of_the_training_set()
    {
        InMemoryDataset train = ShapesDataset.Draw(0, "train", ShapesDataset.DefaultTrainCount);
        for (int channel = 0; channel < 3; channel++)
        {
            double sum = 0, squares = 0, n = train.Count * 1024.0 * 255;
            for (int i = 0; i < train.Count; i++)
                foreach (byte pixel in train.Pixels(i).Slice(1024 * channel, 1024)) (sum, squares) = (sum + pixel,
                    squares + pixel * pixel);
            double mean = sum / n;
            Assert.Equal(train.Info.Normalization.Mean[channel], mean, 1e-3);
            Assert.Equal(train.Info.Normalization.Std[channel], Math.Sqrt(squares / n / 255 - mean * mean), 1e-3);
        }
    }

    [Fact]
    public void Every_outline_stays_inside_its_circle_and_has_an_inside()
    {
        foreach ((string name, Func<Point, float> distance) in Outline.Classes)
        {
            double inside = 0;
            for (float y = -1.5f; y < 1.5f; y += 0.02f)
            {
                for (float x = -1.5f; x < 1.5f; x += 0.02f)
                {
                    Point p = new(x, y);
                    if (distance(p) >= 0) continue;
                    inside += 0.02 * 0.02;
                    Assert.True(p.Length <= 1.07f, $"{name} reaches {p}");   // the painter looks at 1.1 radii
                }
            }

            Assert.True(inside is > 0.6 and < 2.8, $"{name} covers {inside}");
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public void A_linear_model_learns_something_but_not_much()
    {
        double accuracy = LinearModel.TestAccuracy(ShapesDataset.Draw(0, "train", 10_000),
            ShapesDataset.Draw(0, "test", 2_000), epochs: 8);
        TestContext.Current.SendDiagnosticMessage($"linear accuracy {accuracy:P1}");
        Assert.InRange(accuracy, 0.15, 0.50);
    }

    /// <summary>What is covered is lighter, or darker, than what is not; and discs have the area of discs.</summary>
    [Fact]
    public void Covers_are_where_the_shapes_are()
    {
        InMemoryDataset images = ShapesDataset.Draw(3, "test", 60);
        RawImage image = new();
        for (int i = 0; i < images.Count; i++)
        {
            images.Read(i, image);
            float[] cover = ShapesDataset.Cover(3, "test", i), light = new float[cover.Length];
            for (int pixel = 0; pixel < light.Length; pixel++)
                light[pixel] = 0.299f * image.Plane(0)[pixel] + 0.587f * image.Plane(1)[pixel]
                + 0.114f * image.Plane(2)[pixel];
            float on = cover.Zip(light, (share, level) => share * level).Sum() / cover.Sum();
            float off = cover.Zip(light, (share, level) => (1 - share) * level).Sum() / (1024 - cover.Sum());

            Assert.True(Math.Abs(on - off) > 20, $"image {i}: {on} on the shape, {off} beside it");
            if (i % 10 == 0) Assert.InRange(cover.Sum(), Math.PI * 7.6 * 7.6, Math.PI * 11.8 * 11.8);
        }
    }

    private static byte[] Read(IImageDataset split, int index)
    {
        RawImage image = new();
        Assert.Equal(split.Label(index), split.Read(index, image));
        return image.Pixels.ToArray();
    }
}

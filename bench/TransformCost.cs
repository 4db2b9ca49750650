#!/usr/bin/env dotnet
#:project ../src/Fovea.Data/Fovea.Data.csproj
#:property PublishAot=false
#:property TieredCompilation=false

// Microseconds that each transform takes for a noise image of 32 x 32 and of 224 x 224 pixels in colour, on one thread:
// medians of several rounds.
//
// usage: dotnet run -c Release bench/TransformCost.cs [STEP...]

using System.Diagnostics;
using Fovea.Core;
using Fovea.Data;
using Fovea.Data.Transforms;
using Fovea.Data.Transforms.Pixels;
using Fovea.Tensors;

const int Rounds = 7;
string[] steps = args.Length > 0 ? args :
[
    "hflip:p=1", "vflip:p=1", "random-crop:32:padding=4", "random-resized-crop:32", "random-resized-crop:224",
    "random-resized-crop:224:interpolation=bicubic", "resize:224x224", "grayscale", "color-jitter:brightness=0.4",
    "color-jitter:contrast=0.4",
    "color-jitter:saturation=0.4", "color-jitter:hue=0.1",
    "color-jitter:brightness=0.4:contrast=0.4:saturation=0.4:hue=0.1", "gaussian-blur:5",
    "rand-augment", "rand-m9-mstd0.5-inc1", "trivial-augment", "auto-augment", "auto-augment:policy=cifar10",
    "random-erasing:p=1",
    "random-erasing:p=1:value=random",
];
Console.WriteLine("| step | 32 x 32, µs | 224 x 224, µs |\n| --- | ---: | ---: |");
foreach (string step in steps)
    Console.WriteLine($"| `{step}` | {Measure(step, 32):F1} | {Measure(step, 224):F0} |");

static double Measure(string step, int size)
{
    TransformPipeline pipeline = TransformPipeline.Parse(step);
    RawImage original = new(3, size, size), image = new();
    for (int i = 0; i < original.Pixels.Length; i++)
        original.Pixels[i] = (byte)Philox.For(0, "noise").Below((ulong)i, 256);
    float[] samples = new float[3 * size * size];
    ImageScratch scratch = new();
    int count = Math.Max(20, 300_000 / (size * size));
    List<double> times = [];
    for (int round = 0; round < Rounds; round++)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            Philox draws = Philox.For(1, "bench", (ulong)i);
            image.CopyFrom(original);
            pipeline.Apply(image, draws, scratch);
            pipeline.ApplyNormalized(samples, size, size, draws);
        }

        times.Add(Stopwatch.GetElapsedTime(start).TotalMicroseconds / count);
    }

    return times.Order().ElementAt(Rounds / 2);
}

#!/usr/bin/env dotnet
#:project ../src/Fovea.Vision/Fovea.Vision.csproj
#:property PublishAot=false

// Errors of a Gaussian window inside FAVOR+, by the ways to put it there. Contents as in a head of attention: queries
// and keys normal with a deviation d (their products over √headDim have the deviation d²), a square grid, a window of
// the given extent around each query. The error is the share of a query's weight that lies elsewhere than exact
// attention with the window has it, ½ Σ_j |p_ij − p̃_ij|, mean of queries and draws: 0 to 1.
//
// positions    as elements of queries and keys, so that random features estimate the window, too
// cosine K     features of places times random features of contents (gaussian:mix=performer,waves=K)
// table        the window as it is, so that what is left is the error of the contents' features alone
//
// usage: dotnet run bench/WindowError.cs [--side N] [--extent X,X,...] [--features N] [--dim N] [--draws N]
// [--deviation D]

using System.Globalization;
using Fovea.Core;
using Fovea.Vision.Attention.Kernels;

int side = int.Parse(Option("--side", "16")), dim = int.Parse(Option("--dim", "32")),
    draws = int.Parse(Option("--draws", "5"));
double deviation = double.Parse(Option("--deviation", "0.7"), CultureInfo.InvariantCulture);
int features = int.Parse(Option("--features", "128")), n = side * side;
double[] extents = [.. Option("--extent", "1.5,2,3,4,6,8").Split(',')
    .Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
int[] waves = [1, 2, 4, 8];

Console.WriteLine(
    $"{side}x{side} tokens, headDim {dim}, {features} random features, deviation {deviation}, {draws} draws; in "
        + "brackets: what "
    + "the window itself differs from the Gaussian, at most.\n");
Console.WriteLine("| extent, patches | table | positions |" + string.Concat(waves.Select(k =>
    $" cosine {k}: {(2 * k + 1) * (2 * k + 1)} features |")));
Console.WriteLine("| ---: | ---: | ---: |" + string.Concat(waves.Select(_ => " ---: |")));
foreach (double extent in extents)
{
    double[] errors = new double[2 + waves.Length];
    for (int draw = 0; draw < draws; draw++)
    {
        double[,] q = Scaled(Normal(n, dim, 2 * draw), deviation), k = Scaled(Normal(n, dim, 2 * draw + 1), deviation);
        double[,] exact = Weights((i, j) => Math.Exp(Dot(q, i, k, j) / Math.Sqrt(dim)) * Gauss(i, j, extent));
        double[,] content = Products(Scaled(q, Math.Pow(dim, -0.25)), Scaled(k, Math.Pow(dim, -0.25)), draw);
        double[,] all = Products(With(q, extent), With(k, extent), draw);
        errors[0] += Error(exact, Weights((i, j) => content[i, j] * Gauss(i, j, extent))) / draws;
        errors[1] += Error(exact, Weights((i, j) => all[i, j] * Far(i, extent) * Far(j, extent))) / draws;
        for (int w = 0; w < waves.Length; w++)
            errors[2 + w] += Error(exact, Weights((i, j) => content[i, j] * Bell(i, j, waves[w], extent))) / draws;
    }

    Console.Write($"| {extent} | {errors[0]:F3} | {errors[1]:F3} |");
    for (int w = 0; w < waves.Length; w++)
        Console.Write(IsHeld(waves[w], extent) ? $" {errors[2 + w]:F3} ({Difference(waves[w], extent):F3}) |"
            : $" {errors[2 + w]:F3}, comes again |");
    Console.WriteLine();
}

// exp(u·w) of places: the window is that times exp(−|u|²/2) on both sides
double[,] With(double[,] contents, double extent)
{
    double[,] all = new double[n, dim + 2];
    for (int i = 0; i < n; i++)
    {
        for (int e = 0; e < dim; e++) all[i, e] = contents[i, e] * Math.Pow(dim, -0.25);
        all[i, dim] = (i % side - (side - 1) / 2.0) / extent;
        all[i, dim + 1] = (i / side - (side - 1) / 2.0) / extent;
    }

    return all;
}

double Far(int i, double extent) => Math.Exp(-(Math.Pow(i % side - (side - 1) / 2.0, 2)
    + Math.Pow(i / side - (side - 1) / 2.0, 2)) / (2 * extent * extent));

double Gauss(int i, int j, double extent) => Math.Exp(-(Math.Pow(i % side - j % side, 2)
    + Math.Pow(i / side - j / side, 2)) / (2 * extent * extent));

double Bell(int i, int j, int k, double extent) =>
    Math.Pow(Math.Cos((i % side - j % side) / (extent * Math.Sqrt(2 * k)))
        * Math.Cos((i / side - j / side) / (extent * Math.Sqrt(2 * k))), 2 * k);

// as CosineWindow.Floor, without a reach
bool IsHeld(int k, double extent) =>
    extent >= (side - 1) / ((Math.PI - Math.Acos(Math.Pow(0.01, 0.5 / k))) * Math.Sqrt(2 * k));

double Difference(int k, double extent) => Enumerable.Range(0, n).Max(j => Math.Abs(Bell(0, j, k, extent)
    - Gauss(0, j, extent)));

// positive random features with blocks of orthogonal directions
double[,] Products(double[,] q, double[,] k, int draw)
{
    int width = q.GetLength(1);
    float[] p = new float[features * width];
    OrthogonalFeatures.Draw(p, [features, width], new Philox(7, (ulong)draw));
    double[,] a = Features(q), b = Features(k), products = new double[n, n];
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) products[i, j] = Dot(a, i, b, j) / features;
    return products;

    double[,] Features(double[,] x)
    {
        double[,] all = new double[n, features];
        for (int i = 0; i < n; i++)
        {
            double square = 0;
            for (int e = 0; e < width; e++) square += x[i, e] * x[i, e];
            for (int f = 0; f < features; f++)
            {
                double sum = -square / 2;
                for (int e = 0; e < width; e++) sum += p[f * width + e] * x[i, e];
                all[i, f] = Math.Exp(sum);
            }
        }

        return all;
    }
}

double[,] Weights(Func<int, int, double> weight)
{
    double[,] weights = new double[n, n];
    for (int i = 0; i < n; i++)
    {
        double sum = 0;
        for (int j = 0; j < n; j++) sum += weights[i, j] = weight(i, j);
        for (int j = 0; j < n; j++) weights[i, j] /= sum;
    }

    return weights;
}

static double Error(double[,] exact, double[,] other)
{
    double difference = 0;
    for (int i = 0; i < exact.GetLength(0); i++)
        for (int j = 0; j < exact.GetLength(1); j++) difference += Math.Abs(exact[i, j] - other[i, j]);
    return difference / 2 / exact.GetLength(0);
}

static double[,] Scaled(double[,] x, double factor)
{
    double[,] scaled = new double[x.GetLength(0), x.GetLength(1)];
    for (int i = 0; i < x.GetLength(0); i++)
        for (int e = 0; e < x.GetLength(1); e++) scaled[i, e] = factor * x[i, e];
    return scaled;
}

static double Dot(double[,] a, int i, double[,] b, int j)
{
    double sum = 0;
    for (int e = 0; e < a.GetLength(1); e++) sum += a[i, e] * b[j, e];
    return sum;
}

static double[,] Normal(int rows, int columns, int stream)
{
    Philox random = new(1, (ulong)stream);
    double[,] values = new double[rows, columns];
    for (int i = 0; i < rows; i++)
        for (int e = 0; e < columns; e++) values[i, e] = random.Normal((ulong)(i * columns + e));
    return values;
}

string Option(string name, string otherwise)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
}

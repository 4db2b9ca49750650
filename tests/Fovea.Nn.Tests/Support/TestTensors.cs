using Fovea.Nn;
using Fovea.Tensors;

namespace Fovea.Tests;

/// <summary>Tensors for tests, and comparison with recorded ones.</summary>
internal static class TestTensors
{
    /// <summary>Standard normal values; different numbers give different draws.</summary>
    public static Tensor Normal(Shape shape, Device device, ulong number = 0, double scale = 1)
    {
        Philox random = new(20260801, number);
        float[] values = [.. Enumerable.Range(0, shape.Elements).Select(i => (float)(scale * random.Normal((ulong)i)))];
        return Tensor.From(values, shape, device);
    }

    public static Tensor ToTensor(this StoredTensor stored, Device device) => stored.Type == "F32"
        ? Tensor.From(stored.Floats, Shape.Create(stored.Shape), device)
        : Tensor.From(stored.Ints, Shape.Create(stored.Shape), device);

    public static IReadOnlyDictionary<string, Tensor> ToTensors(this IReadOnlyDictionary<string, StoredTensor> stored,
        Device device) =>
        stored.ToDictionary(entry => entry.Key, entry => entry.Value.ToTensor(device));

    /// <summary>Values and shape agree within the case's tolerance of that kind.</summary>
    public static void Compare(this Golden golden, string name, Tensor? actual, string kind = "forward")
    {
        Assert.True(actual is not null, $"{name}: there is none.");
        Assert.Equal(Shape.Create(golden[name].Shape), actual.Shape);
        (double absolute, double relative) = golden.Tolerance(kind);
        GoldenAssert.Close(golden[name].Floats, actual.ToArray(), absolute, relative, name);
    }

    /// <summary>Gives a parameter a gradient of our choice.</summary>
    public static void Push(this Parameter parameter, Tensor gradient)
    {
        using Tape tape = Tape.Record();
        tape.Backward(Ops.Scale(parameter, 1), gradient);
    }
}

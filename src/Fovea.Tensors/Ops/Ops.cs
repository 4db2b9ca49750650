using System.Runtime.CompilerServices;

namespace Fovea.Tensors;

/// <summary>
/// The operators: each checks its shapes, calls the backend's primitive, and, while a <see cref="Tape"/> records, notes
/// its backward pass. Messages name the operator, what it expected and what came.
/// </summary>
public static partial class Ops
{
    /// <summary>A result tensor on the inputs' device; inputs must share one, and hold numbers but for
    /// <paramref name="integers"/>.</summary>
    private static Tensor Result(Shape shape, ReadOnlySpan<Tensor?> inputs, [CallerMemberName] string origin = "",
        Tensor? integers = null)
    {
        Device device = inputs[0]!.Device;
        foreach (Tensor? input in inputs)
        {
            if (input is null) continue;
            _ = input.Storage;   // throws where an input was released
            if (input.Device != device)
                throw new ArgumentException(
                    $"{origin}: all inputs must be on one device, got {device} and {input.Device}.");
            if (input.ElementType != ElementType.Float32 && input != integers)
                throw new ArgumentException(
                    $"{origin}: computes with numbers, got integers {input.Shape}; make the tensor from floats.");
        }

        return Tensor.Empty(shape, device, origin: origin);
    }

    /// <summary>Notes a backward pass if a tape records and an input requires a gradient; otherwise frees what was
    /// saved for it.</summary>
    private static Tensor Record(Tensor output, ReadOnlySpan<Tensor?> inputs, Action<Tensor> backward,
        params Tensor[] saved)
    {
        if (Tape.Current is { } tape)
        {
            foreach (Tensor? input in inputs)
                if (input is { RequiresGradient: true })
                {
                    output.RequiresGradient = true;
                    tape.Add(output, () => backward(output), saved);
                    return output;
                }
        }

        foreach (Tensor tensor in saved) tensor.Release("because nothing recorded");
        return output;
    }

    private static Storage GradientOf(Tensor tensor) => tensor.GradientTarget().Storage;

    /// <summary>Destination of a tensor's gradient; null where it wants none.</summary>
    private static Target? TargetOf(Tensor? tensor) =>
        tensor is { RequiresGradient: true } ? tensor.GradientTarget() : null;

    private static int Axis(Tensor x, int axis, string origin)
    {
        int resolved = axis < 0 ? axis + x.Shape.Rank : axis;
        if (resolved < 0 || resolved >= x.Shape.Rank)
            throw new ShapeException($"{origin}: axis {axis} is outside {x.Shape}, which has {x.Shape.Rank} axes.");
        return resolved;
    }

    /// <summary>Elements before, along and after an axis.</summary>
    private static (int Outer, int Size, int Inner) Split(Shape shape, int axis)
    {
        int outer = 1, inner = 1;
        for (int i = 0; i < axis; i++) outer *= shape[i];
        for (int i = axis + 1; i < shape.Rank; i++) inner *= shape[i];
        return (outer, shape[axis], inner);
    }

    private static void RequireShape(Tensor? tensor, Shape expected, string name, string origin)
    {
        if (tensor is not null && tensor.Shape != expected)
            throw new ShapeException($"{origin}: {name} must be {expected}, got {tensor.Shape}.");
    }

    private static void RequireRank(Tensor tensor, int rank, string name, string form, string origin)
    {
        if (tensor.Shape.Rank != rank)
            throw new ShapeException($"{origin}: {name} must be {form}, got {tensor.Shape}.");
    }
}

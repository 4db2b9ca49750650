using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Fovea.Tensors;

/// <summary>Computes a <see cref="GradientPass"/> to see what it does, and puts back what it changed.</summary>
/// <param name="pass">The pass.</param>
/// <param name="input">Sizes of its input.</param>
/// <param name="target">Sizes of what has to be reached.</param>
/// <param name="parameters">What it leaves gradients with.</param>
/// <param name="buffers">What it changes besides.</param>
internal sealed class PassTrial(GradientPass pass, Shape input, Shape target, IReadOnlyList<Tensor> parameters,
    IReadOnlyList<Tensor> buffers)
{
    private float[]?[] _gradients = [];
    private float[][] _buffers = [];

    private Device Device => parameters[0].Device;

    /// <exception cref="ShapeException">There are other numbers of elements.</exception>
    internal void RequireSizes(GradientArguments arguments)
    {
        int targets = arguments.Labels.Length + arguments.Values.Length;
        if (arguments.Input.Length != input.Elements || targets != target.Elements)
            throw new ShapeException($"CompiledGradients: takes {input} and {target}, got {arguments.Input.Length} and "
                + $"{targets} values.");
    }

    /// <summary>Remembers gradients and buffers, until it is disposed.</summary>
    internal IDisposable Begin()
    {
        _gradients = [.. parameters.Select(parameter => parameter.Gradient?.ToArray())];
        _buffers = [.. buffers.Select(buffer => buffer.ToArray())];
        return new End(this);
    }

    /// <summary>Has gradients and buffers as they were.</summary>
    internal void Restore()
    {
        for (int i = 0; i < _gradients.Length; i++)
        {
            if (_gradients[i] is { } gradient) parameters[i].SetGradient(gradient);
            else parameters[i].ClearGradient();
        }

        for (int i = 0; i < _buffers.Length; i++) buffers[i].CopyFrom(_buffers[i]);
    }

    /// <summary>Has gradients where there were any, whatever is in them.</summary>
    /// <returns>Which parameters have one.</returns>
    internal bool[] Mark()
    {
        for (int i = 0; i < _gradients.Length; i++)
        {
            if (_gradients[i] is not null) parameters[i].NoteGradient();
            else parameters[i].ClearGradient();
        }

        return [.. _gradients.Select(gradient => gradient is not null)];
    }

    /// <summary>A digest of everything that comes out, operator by operator.</summary>
    internal byte[] Run(GradientArguments arguments)
    {
        Restore();
        using StepScope scope = StepScope.Begin();
        Tensor y = arguments.Labels.IsEmpty ? Tensor.From(arguments.Values.Span, target, Device)
            : Tensor.From(arguments.Labels.Span, target, Device);
        (Tensor loss, Tensor? scores) = pass(Tensor.From(arguments.Input.Span, input, Device), y, arguments.Random);
        byte[] digest = Digest(loss.Item(), scores?.ToArray() ?? []);
        loss.Release();
        scores?.Release();
        return digest;
    }

    /// <summary>The same, while the device notes it.</summary>
    /// <returns>Number of scores.</returns>
    internal int Record(IPassRecording recording, GradientArguments arguments)
    {
        using StepScope scope = StepScope.Begin();
        ElementType type = arguments.Labels.IsEmpty ? ElementType.Float32 : ElementType.Int32;
        Tensor x = Tensor.Empty(input, Device), y = Tensor.Empty(target, Device, type);
        recording.Input(x.Storage);
        recording.Input(y.Storage);
        x.CopyFrom(arguments.Input.Span);
        if (type == ElementType.Float32) y.CopyFrom(arguments.Values.Span);
        else Device.Backend.Write(y.Storage, arguments.Labels.Span);
        (Tensor loss, Tensor? scores) = pass(x, y, arguments.Random);
        recording.Result(loss.Storage);
        if (scores is not null) recording.Result(scores.Storage);
        loss.Release();
        scores?.Release();
        return scores?.Shape.Elements ?? 0;
    }

    /// <summary>The digest of loss, scores, and gradients and buffers as they are: the same for the same
    /// bits.</summary>
    internal byte[] Digest(float loss, ReadOnlySpan<float> scores)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes([loss]));
        hash.AppendData(MemoryMarshal.AsBytes(scores));
        foreach (Tensor tensor in parameters.Select(parameter => parameter.Gradient).OfType<Tensor>().Concat(buffers))
            hash.AppendData(MemoryMarshal.AsBytes<float>(tensor.ToArray()));
        return hash.GetHashAndReset();
    }

    private sealed class End(PassTrial trial) : IDisposable
    {
        public void Dispose()
        {
            trial.Restore();
            (trial._gradients, trial._buffers) = ([], []);
        }
    }
}

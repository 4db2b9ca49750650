using Fovea.Tensors.Backends.Cpu.MatMul;
using Fovea.Tensors.Backends.Cpu.Memory;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>Linear layers with operands of bytes, forward only.</summary>
internal sealed unsafe partial class CpuBackend<V>
{
    private void LinearOfBytes<TTiles>(in LinearArguments arguments, Storage y)
        where TTiles : struct, ITiles
    {
        LinearArguments l = arguments;
        int steps = BytePanels<V>.Steps(l.In), padded = Panels<V>.Padded(l.Out);
        float* weight = Floats(l.Weight);
        // Behind the panels: a scale and a correction for each column.
        CpuStorage packed = PanelsOf(l.Weight, l.Out, l.In, ((long)steps + 2) * padded, to =>
        {
            float* scalesTo = to.Pointer + (nint)steps * padded;
            _pool.Run(Panels<V>.Count(l.Out), p => BytePanels<V>.PackTransposed(
                weight, l.In, p * Panels<V>.Width, l.Out, to.Pointer + (nint)p * Panels<V>.Width * steps, scalesTo,
                (int*)(scalesTo + padded)));
        });
        CpuStorage ofRows = Borrow(l.Rows);
        float* panels = packed.Pointer, scales = panels + (nint)steps * padded, rowScales = ofRows.Pointer;
        int* corrections = (int*)(scales + padded);

        BlockTarget target = new((nint)Floats(y), l.Out, (nint)Floats(l.Residual), l.Out, (nint)Floats(l.Bias),
            Scales: new((nint)rowScales, (nint)scales, (nint)corrections));
        MultiplyRows<TTiles>(l.Rows, steps, panels, l.Out, target,
            (row, rows, quads) => ForRowsOf(l, row, rows, (r, x) =>
                rowScales[r] = BytePanels<V>.Row((float*)x, l.In, (float*)quads + (nint)(r - row) * steps)));
        Release(packed, l.Weight);
        _buffers.Return(ofRows);
    }

    private static UsageException NoGradients() => new("products of int8 have no gradients: int8 is for inference.")
    {
        Field = "precision",
        Remedy = "Take fp32 or bf16.",
    };
}

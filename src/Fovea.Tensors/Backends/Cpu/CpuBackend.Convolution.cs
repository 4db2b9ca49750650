using Fovea.Tensors.Backends.Cpu.MatMul;

namespace Fovea.Tensors.Backends.Cpu;

internal sealed unsafe partial class CpuBackend<V>
{
    // Per image and group a convolution is a product of the weight [out, taps] with the unfolded image [taps, pixels] (im2col),
    // taps = in/groups · kernelHeight · kernelWidth and pixels = oh · ow.

    public override void Conv2d(in Conv2dArguments arguments, Storage x, Storage w, Storage? bias, Storage y)
    {
        Conv2dArguments a = arguments;
        Unfolding u = new(a);
        float* xData = Floats(x), wData = Floats(w), biasData = Floats(bias), yData = Floats(y);
        _pool.Run(a.Batch * a.Groups, part =>
        {
            float* taps = Scratch.Floats(RowsSlot, u.Taps * u.Pixels), panels = Scratch.Floats(PanelSlot, u.Taps * Panels<V>.Padded(u.Pixels));
            u.Unfold(xData + part * u.InputSize, taps);
            Panels<V>.PackAll(taps, u.Pixels, u.Taps, u.Pixels, panels);
            int group = part % a.Groups;
            float* result = yData + part * u.OutputSize;
            if (biasData != null)
                for (int o = 0; o < u.Outputs; o++) new Span<float>(result + (nint)o * u.Pixels, u.Pixels).Fill(biasData[group * u.Outputs + o]);
            Block<V>.Multiply(wData + group * u.WeightSize, u.Taps, 1, u.Outputs, panels, u.Pixels, u.Taps,
                new((nint)result, u.Pixels, biasData == null ? 0 : (nint)result, u.Pixels));
        });
    }

    public override void Conv2dBackwardInput(in Conv2dArguments arguments, Storage dy, Storage w, Storage dx, bool accumulate)
    {
        Conv2dArguments a = arguments;
        Unfolding u = new(a);
        float* dyData = Floats(dy), wData = Floats(w), dxData = Floats(dx);
        _pool.Run(a.Batch * a.Groups, part =>
        {
            float* taps = Scratch.Floats(RowsSlot, u.Taps * u.Pixels), panels = Scratch.Floats(PanelSlot, u.Outputs * Panels<V>.Padded(u.Pixels));
            Panels<V>.PackAll(dyData + part * u.OutputSize, u.Pixels, u.Outputs, u.Pixels, panels);
            float* weight = wData + part % a.Groups * u.WeightSize;
            Block<V>.Multiply(weight, 1, u.Taps, u.Taps, panels, u.Pixels, u.Outputs, new((nint)taps, u.Pixels));
            float* image = dxData + part * u.InputSize;
            if (!accumulate) new Span<float>(image, (int)u.InputSize).Clear();
            u.FoldInto(taps, image);
        });
    }

    public override void Conv2dBackwardWeight(in Conv2dArguments arguments, Storage x, Storage dy, Storage dw, bool accumulate)
    {
        Conv2dArguments a = arguments;
        Unfolding u = new(a);
        float* xData = Floats(x), dyData = Floats(dy);
        int share = Math.Max(1, Parts(a.Batch, MinimumParts)), shares = Parts(a.Batch, share), size = (int)(a.Groups * u.WeightSize);
        CpuStorage partial = Borrow((long)shares * size);
        float* partials = partial.Pointer;
        _pool.Run(shares, s =>
        {
            float* taps = Scratch.Floats(RowsSlot, u.Taps * u.Pixels), panels = Scratch.Floats(PanelSlot, u.Pixels * Panels<V>.Padded(u.Taps));
            float* sum = partials + (nint)s * size;
            new Span<float>(sum, size).Clear();
            for (int part = s * share * a.Groups; part < Math.Min(a.Batch, (s + 1) * share) * a.Groups; part++)
            {
                u.Unfold(xData + part * u.InputSize, taps);
                Panels<V>.PackAllTransposed(taps, u.Pixels, u.Pixels, u.Taps, panels);
                float* here = sum + part % a.Groups * u.WeightSize;
                Block<V>.Multiply(dyData + part * u.OutputSize, u.Pixels, 1, u.Outputs, panels, u.Taps, u.Pixels, new((nint)here, u.Taps, (nint)here, u.Taps));
            }
        });
        AddUp(partials, shares, size, Floats(dw), accumulate);
        _buffers.Return(partial);
    }

    /// <summary>One group of one image as a matrix <c>[in/groups · kernelHeight · kernelWidth, oh · ow]</c>, and back.</summary>
    private readonly struct Unfolding(Conv2dArguments a)
    {
        internal int Channels => a.In / a.Groups;

        internal int Outputs => a.Out / a.Groups;

        internal int Taps => Channels * a.KernelHeight * a.KernelWidth;

        internal int Pixels => a.OutHeight * a.OutWidth;

        internal nint InputSize => (nint)Channels * a.Height * a.Width;

        internal nint OutputSize => (nint)Outputs * Pixels;

        internal nint WeightSize => (nint)Outputs * Taps;

        internal void Unfold(float* image, float* taps)
        {
            for (int tap = 0; tap < Taps; tap++)
                for (int oy = 0; oy < a.OutHeight; oy++, taps += a.OutWidth)
                {
                    float* row = Source(image, tap, oy, out int x0);
                    for (int ox = 0; ox < a.OutWidth; ox++)
                    {
                        int x = x0 + ox * a.Stride;
                        taps[ox] = row != null && (uint)x < (uint)a.Width ? row[x] : 0;
                    }
                }
        }

        internal void FoldInto(float* taps, float* image)
        {
            for (int tap = 0; tap < Taps; tap++)
                for (int oy = 0; oy < a.OutHeight; oy++, taps += a.OutWidth)
                {
                    float* row = Source(image, tap, oy, out int x0);
                    if (row == null) continue;
                    for (int ox = 0; ox < a.OutWidth; ox++)
                    {
                        int x = x0 + ox * a.Stride;
                        if ((uint)x < (uint)a.Width) row[x] += taps[ox];
                    }
                }
        }

        /// <summary>The image row that a tap meets at output row <paramref name="oy"/> (null in the padding), and its first column.</summary>
        private float* Source(float* image, int tap, int oy, out int x0)
        {
            (int rest, int kx) = Math.DivRem(tap, a.KernelWidth);
            (int channel, int ky) = Math.DivRem(rest, a.KernelHeight);
            int y = oy * a.Stride - a.Padding + ky * a.Dilation;
            x0 = kx * a.Dilation - a.Padding;
            return (uint)y < (uint)a.Height ? image + ((nint)channel * a.Height + y) * a.Width : null;
        }
    }
}

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>Index arithmetic of shapes in which some axes are 1 against a full shape of the same rank.</summary>
internal static class Broadcasting
{
    /// <summary>Elements from one position of each full axis to the next; 0 where the axis is repeated.</summary>
    internal static int[] Strides(Shape shape, Shape full)
    {
        int[] strides = new int[full.Rank];
        int stride = 1;
        for (int i = full.Rank - 1; i >= 0; i--)
        {
            strides[i] = shape[i] == 1 ? 0 : stride;
            stride *= shape[i];
        }

        return strides;
    }

    /// <summary>Position from which element <paramref name="index"/> of the full shape is read.</summary>
    internal static int Offset(int index, Shape full, int[] strides)
    {
        int offset = 0;
        ReadOnlySpan<int> sizes = full.Sizes;
        for (int i = sizes.Length - 1; i >= 0; i--)
        {
            (index, int position) = Math.DivRem(index, sizes[i]);
            offset += position * strides[i];
        }

        return offset;
    }

    /// <summary>Kept, summed and kept sizes if the summed axes are neighbours; a negative middle size if they are
    /// not.</summary>
    internal static (int Outer, int Summed, int Inner) Collapse(Shape full, Shape shape)
    {
        int outer = 1, summed = 1, inner = 1, stage = 0;
        for (int i = 0; i < full.Rank; i++)
        {
            if (full[i] == 1) continue;
            bool sums = shape[i] == 1;
            if (sums && stage == 0) stage = 1;
            else if (!sums && stage == 1) stage = 2;
            else if (sums && stage == 2) return (0, -1, 0);
            if (stage == 0) outer *= full[i];
            else if (stage == 1) summed *= full[i];
            else inner *= full[i];
        }

        return (outer, summed, inner);
    }

    /// <summary>The full shape with its last group of summed axes reduced.</summary>
    internal static Shape FirstStep(Shape full, Shape shape)
    {
        Shape step = full;
        bool summing = false;
        for (int i = full.Rank - 1; i >= 0; i--)
        {
            if (full[i] == 1) continue;
            if (shape[i] == 1) (step, summing) = (step.With(i, 1), true);
            else if (summing) break;
        }

        return step;
    }
}

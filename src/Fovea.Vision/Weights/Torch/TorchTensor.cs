using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Weights.Torch;

/// <summary>A view of a storage: element <c>[i, j, ...]</c> is number <c>offset + i · stride_0 + j · stride_1 + ...</c>
/// of it.</summary>
internal sealed record TorchTensor(TorchStorage Storage, long Offset, long[] Shape, long[] Strides)
{
    private const int MostAxes = 32;
    private const long Largest = 1L << 48;   // so that no sum or product of a few overflows

    /// <summary>Checks what a pickle says of a tensor.</summary>
    /// <exception cref="DataException">It does not lie within its storage.</exception>
    public static TorchTensor Create(TorchStorage storage, long offset, object?[] shape, object?[] strides, string path)
    {
        if (shape.Length != strides.Length || shape.Length > MostAxes || offset < 0
            || !shape.Concat(strides).All(size => size is >= 0L and <= Largest))
            throw new DataException(
                $"{path}: a tensor of storage '{storage.Key}' has impossible sizes; the file is damaged or hostile.");
        TorchTensor tensor = new(storage, offset, [.. shape.Cast<long>()], [.. strides.Cast<long>()]);
        if (tensor.Count > 0 && offset + tensor.Span > storage.Count)
            throw new DataException(
                $"{path}: a tensor [{string.Join(", ", tensor.Shape)}] needs {offset + tensor.Span} numbers of storage "
                    + $"'{storage.Key}', which has {storage.Count}; "
                + "the file is damaged or hostile.");
        return tensor.Count <= long.MaxValue ? tensor
            : throw new DataException($"{path}: a tensor of storage '{storage.Key}' is impossibly large.");
    }

    /// <summary>Number of elements.</summary>
    public Int128 Count => Shape.Contains(0) ? 0
        : Shape.Aggregate((Int128)1, (product, size) => Int128.Min(product * size, (Int128)long.MaxValue + 1));

    /// <summary>Numbers of the storage from the first to the last element.</summary>
    private Int128 Span => Shape.Zip(Strides, (size, stride) => ((Int128)size - 1) * stride).Aggregate((Int128)1,
        (sum, step) => sum + step);

    /// <summary>A weight that reads from a file.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="file">Where it lies.</param>
    /// <param name="storageAt">Byte at which the storage of the tensor's key begins.</param>
    public Weight ToWeight(string name, WindowedFile file, long storageAt)
    {
        long start = storageAt + (Storage.Start + Offset) * Storage.Type.Bytes;
        return new Weight(name, Storage.Type, Shape, (first, values) => Read(name, file, start, first, values));
    }

    /// <summary>Reads runs of elements that lie side by side: all at once where the tensor is contiguous, one by one
    /// where columns are rows.</summary>
    private void Read(string name, WindowedFile file, long start, long first, Span<float> values)
    {
        WeightType type = Storage.Type;
        int joined = Joined();
        long run = Product(joined, Shape.Length);
        while (!values.IsEmpty)
        {
            (long place, long within) = Locate(first, joined, run);
            int count = (int)Math.Min(values.Length, run - within);
            StoredNumbers.Read(file, start + (place + within) * type.Bytes, type, values[..count], name);
            first += count;
            values = values[count..];
        }
    }

    /// <summary>The first of the last axes that are contiguous together.</summary>
    private int Joined()
    {
        int axis = Shape.Length;
        for (long stride = 1; axis > 0 && (Strides[axis - 1] == stride || Shape[axis - 1] == 1); stride *= Shape[axis])
            axis--;
        return axis;
    }

    private (long Place, long Within) Locate(long element, int joined, long run)
    {
        (long rest, long within) = Math.DivRem(element, run);
        long place = 0;
        for (int axis = joined - 1; axis >= 0; axis--)
        {
            (rest, long index) = Math.DivRem(rest, Shape[axis]);
            place += index * Strides[axis];
        }

        return (place, within);
    }

    private long Product(int from, int to)
    {
        long product = 1;
        for (int axis = from; axis < to; axis++) product *= Shape[axis];
        return product;
    }
}

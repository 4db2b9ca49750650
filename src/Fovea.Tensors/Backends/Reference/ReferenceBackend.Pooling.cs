namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void MaxPool(in MaxPoolArguments arguments, Storage x, Storage y)
    {
        double[] from = Values(x), to = Values(y);
        for (int i = 0; i < arguments.Planes * arguments.OutHeight * arguments.OutWidth; i++)
        {
            double largest = double.NegativeInfinity;
            foreach (int position in Window(arguments, i)) largest = Math.Max(largest, from[position]);   // NaN wins
            to[i] = largest;
        }
    }

    public override void MaxPoolBackward(in MaxPoolArguments arguments, Storage x, Storage y, Storage dy, Target dx)
    {
        double[] from = Values(x), result = Values(y), gradient = Values(dy), to = Values(dx);
        Clear(to, arguments.Planes * arguments.Height * arguments.Width, dx.Accumulate);
        for (int i = 0; i < arguments.Planes * arguments.OutHeight * arguments.OutWidth; i++)
        {
            double largest = result[i];
            to[Window(arguments, i).First(position => from[position].Equals(largest))] += gradient[i];
        }
    }

    public override void MapAxis(AxisMap map, Storage x, Target y, int outer, int inner)
    {
        double[] from = Values(x), to = Values(y);
        for (int o = 0; o < outer; o++)
            for (int j = 0; j < map.To; j++)
                for (int i = 0; i < inner; i++)
                {
                    double sum = 0;
                    for (int k = 0; k < map.Positions(j).Length; k++)
                        sum += map.Weights(j)[k] * from[(o * map.From + map.Positions(j)[k]) * inner + i];
                    Put(ref to[(o * map.To + j) * inner + i], sum, y.Accumulate);
                }
    }

    /// <summary>The positions of x in the window of one result, row by row.</summary>
    private static IEnumerable<int> Window(MaxPoolArguments a, int result)
    {
        (int rest, int column) = Math.DivRem(result, a.OutWidth);
        (int plane, int row) = Math.DivRem(rest, a.OutHeight);
        (int top, int left) = (row * a.Stride - a.Padding, column * a.Stride - a.Padding);
        for (int y = Math.Max(0, top); y < Math.Min(a.Height, top + a.Kernel); y++)
            for (int x = Math.Max(0, left); x < Math.Min(a.Width, left + a.Kernel);
                x++) yield return (plane * a.Height + y) * a.Width + x;
    }
}

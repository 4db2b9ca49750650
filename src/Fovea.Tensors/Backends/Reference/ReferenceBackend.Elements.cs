namespace Fovea.Tensors.Backends.Reference;

internal sealed partial class ReferenceBackend
{
    public override void Unary(UnaryOperator f, Storage x, Storage y, int count)
    {
        double[] from = Values(x), to = Values(y);
        for (int i = 0; i < count; i++) to[i] = ScalarFunctions.Value(f, from[i]);
    }

    public override void UnaryBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int count)
    {
        double[] input = Values(x), from = Values(dy), to = Values(dx);
        for (int i = 0; i < count; i++)
            Put(ref to[i], from[i] * ScalarFunctions.Derivative(f, input[i]), dx.Accumulate);
    }

    public override void Gate(UnaryOperator f, Storage x, Storage y, int rows, int columns)
    {
        double[] from = Values(x), to = Values(y);
        for (int i = 0; i < rows * columns; i++)
        {
            int a = i + i / columns * columns, b = a + columns;
            to[i] = ScalarFunctions.Value(f, from[a]) * from[b];
        }
    }

    public override void GateBackward(UnaryOperator f, Storage x, Storage dy, Target dx, int rows, int columns)
    {
        double[] input = Values(x), from = Values(dy), to = Values(dx);
        for (int i = 0; i < rows * columns; i++)
        {
            int a = i + i / columns * columns, b = a + columns;
            Put(ref to[a], from[i] * ScalarFunctions.Derivative(f, input[a]) * input[b], dx.Accumulate);
            Put(ref to[b], from[i] * ScalarFunctions.Value(f, input[a]), dx.Accumulate);
        }
    }

    public override void AddScaled(Storage x, Target y, int count, float scale)
    {
        double[] from = Values(x), to = Values(y);
        for (int i = 0; i < count; i++) Put(ref to[i], scale * from[i], y.Accumulate);
    }

    public override void ScaleRows(Storage x, Storage scales, Target y, int rows, int columns)
    {
        double[] from = Values(x), factors = Values(scales), to = Values(y);
        for (int i = 0; i < rows * columns; i++) Put(ref to[i], from[i] * factors[i / columns], y.Accumulate);
    }

    public override void Fill(Storage y, int count, float value) => Array.Fill(Values(y), value, 0, count);

    public override void Dropout(Storage x, Target y, int count, float probability, Philox random, ulong offset)
    {
        double[] from = Values(x), to = Values(y);
        for (int i = 0; i < count; i++)
        {
            bool keeps = random.Uniform(offset + (ulong)i) >= probability;
            Put(ref to[i], keeps ? from[i] / (1 - (double)probability) : 0, y.Accumulate);
        }
    }
}

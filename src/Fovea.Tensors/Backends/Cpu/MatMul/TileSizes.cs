namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>Rows that register tiles have, and vectors of columns.</summary>
internal static class TileSizes
{
    internal readonly struct One : ISize
    {
        public static int Value => 1;
    }

    internal readonly struct Two : ISize
    {
        public static int Value => 2;
    }

    internal readonly struct Four : ISize
    {
        public static int Value => 4;
    }

    internal readonly struct Six : ISize
    {
        public static int Value => 6;
    }

    internal readonly struct Eight : ISize
    {
        public static int Value => 8;
    }

    internal readonly struct Twelve : ISize
    {
        public static int Value => 12;
    }
}

using System.Runtime.InteropServices;

namespace Fovea.Tensors.Backends.Cpu.MatMul;

/// <summary>Arguments of an assembled tile, at fixed places; distances are in bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct TileCall(
    float* a, nint aRow, nint aStep, float* b, nint bStep, nint steps, float* start, nint startRow, float* bias,
    float* c, nint cRow)
{
    internal const int AOffset = 0, ARowOffset = 8, AStepOffset = 16, BOffset = 24, BStepOffset = 32, StepsOffset = 40,
        StartOffset = 48, StartRowOffset = 56, BiasOffset = 64, COffset = 72, CRowOffset = 80;

    private readonly float* _a = a;
    private readonly nint _aRow = aRow * sizeof(float), _aStep = aStep * sizeof(float);
    private readonly float* _b = b;
    private readonly nint _bStep = bStep * sizeof(float), _steps = steps;
    private readonly float* _start = start;
    private readonly nint _startRow = startRow * sizeof(float);
    private readonly float* _bias = bias, _c = c;
    private readonly nint _cRow = cRow * sizeof(float);
}

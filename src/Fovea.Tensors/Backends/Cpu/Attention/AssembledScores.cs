using System.Runtime.InteropServices;
using Fovea.Tensors.Backends.Cpu.Assembly;
using Fovea.Tensors.Backends.Cpu.MatMul;

namespace Fovea.Tensors.Backends.Cpu.Attention;

/// <summary>Arguments of an assembled tile of scores, at fixed places; distances are in bytes. The code counts in
/// them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ScoreCall
{
    internal const int AOffset = 0, ARowOffset = 8, BOffset = 16, StepsOffset = 24, PanelsOffset = 32, COffset = 40,
        CRowOffset = 48, ConstantsOffset = 56, OfRowsOffset = 64, ToSlopesOffset = 72, FactorOffset = 80;

    /// <summary>Rows of the left operand.</summary>
    internal float* A;

    /// <summary>From one to the next.</summary>
    internal nint ARow;

    /// <summary>The first panel.</summary>
    internal float* B;

    /// <summary>Pairs of a row.</summary>
    internal nint Steps;

    /// <summary>Whole panels, at least one.</summary>
    internal nint Panels;

    /// <summary>Destination of the results.</summary>
    internal float* C;

    /// <summary>From one row of them to the next.</summary>
    internal nint CRow;

    /// <summary>Coefficients of the exponential.</summary>
    internal float* Constants;

    /// <summary>A vector of sums per row, or a number per row.</summary>
    internal float* OfRows;

    /// <summary>From probabilities to gradients.</summary>
    internal nint ToSlopes;

    /// <summary>Factor of the exponent, or of the gradients.</summary>
    internal float Factor;
}

/// <summary>Tiles of scores of pairs of bfloat16, assembled when first asked for; null where the processor or the
/// system has none.</summary>
internal sealed unsafe class AssembledScores
{
    private static readonly Lazy<AssembledScores?> Instance = new(Create);

    private readonly nint[] _code = new nint[3 * 13];
    private readonly float* _constants;

    private AssembledScores()
    {
        // The lower end and the coefficients of Simd512.Exp2, the first two in registers.
        float[] constants =
        [
            0.0013264723820611835f, -126, 0.009671512991189957f, 0.05550733581185341f, 0.24022242426872253f,
            0.6931470036506653f, 1,
        ];
        _constants = (float*)NativeMemory.Alloc((nuint)constants.Length, sizeof(float));   // as long as the process
        constants.CopyTo(new Span<float>(_constants, constants.Length));
    }

    /// <summary>The tiles.</summary>
    internal static AssembledScores? OfPairs => Instance.Value;

    /// <summary>Computes one tile over whole panels of 32 keys.</summary>
    /// <param name="finish">Last step.</param>
    /// <param name="rows">12, 8, 6, 4, 2 or 1.</param>
    /// <param name="call">All but the constants; contents undefined afterwards.</param>
    internal void Run(ScoreFinish finish, int rows, ref ScoreCall call)
    {
        call.Constants = _constants;
        fixed (ScoreCall* arguments = &call)
            ((delegate* unmanaged[SuppressGCTransition]<ScoreCall*, void>)_code[(int)finish * 13 + rows])(arguments);
    }

    private static AssembledScores? Create()
    {
        if (AssembledTiles.OfPairs is null) return null;
        AssembledScores scores = new();
        foreach (int rows in (int[])[1, 2, 4, 6, 8, 12])
            foreach (ScoreFinish finish in Enum.GetValues<ScoreFinish>())
            {
                nint code = CodeMemory.Load(ScoreAssembler.Assemble(rows, finish));
                if (code == 0) return null;
                scores._code[(int)finish * 13 + rows] = code;
            }

        return scores;
    }
}

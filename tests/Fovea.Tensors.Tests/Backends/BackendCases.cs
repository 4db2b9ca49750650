namespace Fovea.Tensors.Tests.Backends;

/// <summary>
/// The catalogue that every backend has to pass, by family. Sizes avoid multiples of vectors and tiles, or sit beside
/// them: one row, one column, one less and one more than 16, 32 and 64, empty batches.
/// </summary>
internal static partial class BackendCases
{
    public static readonly string[] Families = [.. All.Keys];

    private static readonly int[] Sizes = [1, 2, 3, 5, 7, 11, 13, 15, 16, 17, 31, 33, 63, 65, 100, 257];

    private static Dictionary<string, Func<IEnumerable<BackendCase>>> All => new()
    {
        ["linear"] = Linear,
        ["matmul"] = MatMul,
        ["attention"] = Attention,
        ["prepared heads"] = PreparedHeads,
        ["neighborhood attention"] = NeighborhoodAttention,
        ["delta rule"] = DeltaRule,
        ["kernel attention"] = KernelAttention,
        ["relations"] = Relations,
        ["random features"] = RandomFeatures,
        ["deformable"] = Deformable,
        ["convolution"] = Convolution,
        ["batch norm"] = BatchNorm,
        ["pooling"] = Pooling,
        ["rows"] = Rows,
        ["losses"] = Losses,
        ["elements"] = Elements,
        ["broadcasting"] = Broadcasting,
        ["layout"] = Layout,
        ["optimisers"] = Optimisers,
    };

    public static IEnumerable<BackendCase> Of(string family) => All[family]();

    /// <summary>Triples in which every size meets small and large ones.</summary>
    private static IEnumerable<(int Index, int A, int B, int C)> Triples()
    {
        for (int i = 0; i < Sizes.Length; i++)
            yield return (i, Sizes[i], Sizes[(i + 5) % Sizes.Length], Sizes[(i + 11) % Sizes.Length]);
    }
}

using Fovea.Tensors.Tests.Support;

namespace Fovea.Tensors.Tests.Backends;

/// <summary>Every primitive of the CPU backend, forwards and backwards, on every instruction set, against its
/// definition.</summary>
public sealed class BackendComparisonTests
{
    public static TheoryData<string, string> FamiliesAndInstructionSets()
    {
        TheoryData<string, string> data = [];
        foreach (string family in BackendCases.Families)
            foreach (string instructionSet in TestDevices.InstructionSets) data.Add(family, instructionSet);
        return data;
    }

    [Theory]
    [MemberData(nameof(FamiliesAndInstructionSets))]
    public void Results_and_gradients_agree_with_the_reference(string family, string instructionSet)
    {
        Device device = TestDevices.Cpu(instructionSet);
        PoisonPool(device);
        AssertNone(BackendCases.Of(family).Select(test => test.Disagreement(device)));
    }

    [Theory]
    [MemberData(nameof(FamiliesAndInstructionSets))]
    public void Bits_do_not_depend_on_the_number_of_threads(string family, string instructionSet) =>
        AssertNone(BackendCases.Of(family).Select(test =>
        {
            double[][] alone = test.Results(TestDevices.Cpu(instructionSet, threads: 1));
            foreach (int threads in (int[])[2, 3, 12])
            {
                double[][] together = test.Results(TestDevices.Cpu(instructionSet, threads));
                for (int i = 0; i < alone.Length; i++)
                    if (!alone[i].Select(BitConverter.DoubleToInt64Bits)
                        .SequenceEqual(together[i].Select(BitConverter.DoubleToInt64Bits)))
                        return $"{test.Name}, tensor {i}: {threads} threads differ from one";
            }

            return null;
        }));

    [Fact]
    public void Case_names_are_unique()   // results of the reference are remembered by name
    {
        IEnumerable<string> names = BackendCases.Families.SelectMany(BackendCases.Of).Select(test => test.Name);
        Assert.Empty(names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    /// <summary>Leaves NaN in the pool's buffers, so that kernels that read what they did not write are found
    /// out.</summary>
    private static void PoisonPool(Device device)
    {
        using StepScope scope = StepScope.Begin();
        for (int count = 1; count <= 1 << 18; count *= 2)
            for (int copy = 0; copy < 3; copy++) Tensor.Full([count], float.NaN, device);
    }

    private static void AssertNone(IEnumerable<string?> disagreements)
    {
        string[] found = [.. disagreements.OfType<string>()];
        if (found.Length > 0) Assert.Fail($"{found.Length} cases:\n{string.Join("\n", found.Take(12))}");
    }
}

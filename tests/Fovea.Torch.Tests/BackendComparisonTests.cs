using Fovea.Tensors.Tests.Backends;
using Fovea.Torch.Native;

namespace Fovea.Torch.Tests;

/// <summary>Every primitive by ATen, forwards and backwards, against its definition, and what it leaves
/// behind.</summary>
public sealed class BackendComparisonTests
{
    public static TheoryData<string> Families => [.. BackendCases.Families];

    // Its tanh near -1, and the norm of a single column, err by more than the kernels that the bounds were made for.
    private const double Slack = 4;

    [Theory]
    [MemberData(nameof(Families))]
    public void Results_and_gradients_agree_with_the_reference(string family)
    {
        Device device = Support.Torch.Device;
        List<string> found = [];
        foreach (BackendCase test in BackendCases.Of(family))
            try
            {
                if (test.Disagreement(device, Slack) is string difference) found.Add(difference);
            }
            catch (TorchException error)
            {
                found.Add($"{test.Name}: {error}");
            }

        if (found.Count > 0) Assert.Fail($"{found.Count} cases:\n{string.Join("\n", found.Take(12))}");
    }
}

using Fovea.Tensors.Backends.Profiling;
using Fovea.Tensors.Tests.Support;

namespace Fovea.Tensors.Tests.Backends.Profiling;

/// <summary>A backend whose calls are noted computes the same.</summary>
public sealed class ProfilingBackendTests
{
    public static TheoryData<string> Families() => [.. BackendCases.Families];

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_primitive_is_passed_on(string family)
    {
        Device plain = TestDevices.Cpu("scalar");
        ProfilingBackend backend = new(plain.Backend) { IsOn = true };
        Device profiled = new("profiled", backend);
        foreach (BackendCase test in BackendCases.Of(family).Take(3))
        {
            backend.Clear();
            double[][] expected = test.Results(plain), found = test.Results(profiled);
            Assert.Equal(expected, found);
            Assert.NotEmpty(backend.Calls);
            Assert.All(backend.Calls, call => Assert.True(call.End >= call.Begin));
        }
    }
}

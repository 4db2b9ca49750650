using System.Collections.Concurrent;

namespace Fovea.Tensors.Tests.Support;

/// <summary>Devices by name, made once, because a CPU device brings its own threads.</summary>
internal static class TestDevices
{
    public static readonly string[] InstructionSets = ["avx512", "avx2", "vector128", "scalar"];

    private static readonly ConcurrentDictionary<(int Threads, string InstructionSet), Lazy<Device>> Cpus = [];

    /// <summary>A CPU device on a forced instruction set; skips the running test on a machine without it.</summary>
    public static Device Cpu(string instructionSet, int threads = 2)
    {
        try
        {
            return Cpus.GetOrAdd((threads, instructionSet),
                key => new(() => Device.CreateCpu(key.Threads, key.InstructionSet))).Value;
        }
        catch (ArgumentException absent)
        {
            Assert.Skip(absent.Message);
            throw;
        }
    }
}

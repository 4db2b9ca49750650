using Xunit.Runner.InProc.SystemConsole;

namespace Fovea.Mpi.Tests.Support;

/// <summary>Runs the tests, or is one rank of those that mpirun starts.</summary>
internal static class Program
{
    public static int Main(string[] arguments) => arguments is [RankProgram.Name, var scenario, ..]
        ? RankProgram.Run(scenario) : ConsoleRunner.Run(arguments).GetAwaiter().GetResult();
}

using System.Diagnostics;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>The cost of handing a loop to all threads and waiting for the last of them.</summary>
internal static class BarrierMeasurement
{
    private const int Runs = 40, LoopsOfRun = 2000;

    /// <summary>Nanoseconds of a loop with one part per thread, which does nothing but wait until all threads have
    /// theirs: the median of several runs.</summary>
    /// <param name="threads">Threads of the pool, the calling one included; at most as many as processors.</param>
    internal static double Nanoseconds(int threads)
    {
        WorkerPool pool = new(threads);
        int arrived = 0, expected = 0;
        double[] runs = new double[Runs];
        for (int run = 0; run < Runs; run++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < LoopsOfRun; i++)
            {
                expected += threads;
                pool.Run(threads, _ =>
                {
                    Interlocked.Increment(ref arrived);
                    while (Volatile.Read(ref arrived) < expected) Thread.SpinWait(1);
                });
            }

            runs[run] = Stopwatch.GetElapsedTime(start).TotalNanoseconds / LoopsOfRun;
        }

        Array.Sort(runs);
        return runs[Runs / 2];
    }
}

using System.Diagnostics;
using System.Runtime.CompilerServices;
using Fovea.Tensors.Backends.Cpu.Simd;

namespace Fovea.Tensors.Backends.Cpu;

/// <summary>The roof that kernels are measured against: multiply-adds on registers alone, no memory.</summary>
public static class PeakMeasurement
{
    private const int Rounds = 1_000_000, Accumulators = 12;

    /// <summary>Billions of floating-point operations a second (a multiply-add counts two), best of several short runs
    /// on all threads at once.</summary>
    /// <param name="threads">Threads that run the loop.</param>
    public static double GflopsPerSecond(int threads)
    {
        double best = 0;
        for (int run = 0; run < 8; run++)
        {
            double[] rates = new double[threads];
            Thread[] workers = new Thread[threads];
            for (int i = 0; i < threads; i++)
            {
                int index = i;
                workers[i] = new Thread(() => rates[index] = System.Runtime.Intrinsics.Vector512.IsHardwareAccelerated
                    ? Rate<Simd512>()
                    : System.Runtime.Intrinsics.Vector256.IsHardwareAccelerated ? Rate<Simd256>() : Rate<Simd128>());
                workers[i].Start();
            }

            foreach (Thread worker in workers) worker.Join();
            best = Math.Max(best, rates.Sum());
        }

        return best;
    }

    /// <summary>Nanoseconds that it takes to hand a loop to all threads and to wait for the last of them.</summary>
    /// <param name="threads">Threads of the loop, the calling one included; at most as many as processors.</param>
    public static double LoopNanoseconds(int threads) => BarrierMeasurement.Nanoseconds(threads);

    private static double Rate<V>()
        where V : struct, ISimd<V>
    {
        long start = Stopwatch.GetTimestamp();
        float sum = Loop<V>(Rounds);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return float.IsNaN(sum) ? 0 : 2.0 * Rounds * Accumulators * V.Count / seconds / 1e9;
    }

    /// <summary>Twelve independent chains hide the latency of a multiply-add on every machine met so far.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Loop<V>(int rounds)
        where V : struct, ISimd<V>
    {
        V x = V.Broadcast(0.999f), y = V.Broadcast(0.001f);
        V a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (; rounds > 0; rounds--)
        {
            a = V.Fma(a, x, y);
            b = V.Fma(b, x, y);
            c = V.Fma(c, x, y);
            d = V.Fma(d, x, y);
            e = V.Fma(e, x, y);
            f = V.Fma(f, x, y);
            g = V.Fma(g, x, y);
            h = V.Fma(h, x, y);
            i = V.Fma(i, x, y);
            j = V.Fma(j, x, y);
            k = V.Fma(k, x, y);
            l = V.Fma(l, x, y);
        }

        return V.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}

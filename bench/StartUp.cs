#!/usr/bin/env dotnet
#:property PublishAot=false

// How long a program takes from its start to its end: median and least of 15 runs, in milliseconds.
//
// usage: dotnet run bench/StartUp.cs -- PROGRAM [ARGUMENT...]

using System.Diagnostics;

if (args.Length == 0)
{
    Console.WriteLine("usage: dotnet run bench/StartUp.cs -- PROGRAM [ARGUMENT...]");
    return 2;
}

List<double> times = [];
for (int run = 0; run < 16; run++)
{
    long start = Stopwatch.GetTimestamp();
    using Process process = Process.Start(new ProcessStartInfo(args[0], args[1..]) { RedirectStandardOutput = true })!;
    await process.StandardOutput.ReadToEndAsync();
    await process.WaitForExitAsync();
    if (process.ExitCode != 0) return process.ExitCode;
    if (run > 0) times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);   // the first one reads from disk
}

times.Sort();
Console.WriteLine($"{string.Join(' ', args)}: median {times[times.Count / 2]:0} ms, least {times[0]:0} ms");
return 0;

using System.ComponentModel;
using System.Diagnostics;
using Fovea.Server.Requests;
using Fovea.Server.Studio.Runs;

namespace Fovea.Server.Studio.Control;

/// <summary>A process of a run, whose output goes into a file as long as the studio lives; the run needs neither.
/// </summary>
internal sealed class RunProcess
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(3);

    private readonly string? _output;

    private RunProcess(Process process, string? output)
    {
        _output = output;
        Ended = Follow(process, output);
    }

    /// <summary>Ends with the process; its exit code.</summary>
    public Task<int> Ended { get; }

    /// <summary>Starts a program. No shell reads its arguments.</summary>
    /// <param name="command">The program, then its arguments.</param>
    /// <param name="output">File that gets its output, behind what is there; null: none.</param>
    /// <exception cref="RequestException">It cannot be started.</exception>
    public static RunProcess Start(IReadOnlyList<string> command, string? output)
    {
        try
        {
            return new(Process.Start(new ProcessStartInfo(command[0], command.Skip(1))
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!, output);
        }
        catch (Win32Exception error)
        {
            throw new RequestException(500, $"the program could not be started: {error.Message}");
        }
    }

    /// <summary>Waits a moment; the last words of a process that ends with an error meanwhile, else null.</summary>
    public async Task<string?> FailsAtOnce(CancellationToken gone)
    {
        Task first = await Task.WhenAny(Ended, Task.Delay(AtOnce, gone)).ConfigureAwait(false);
        if (first != Ended || await Ended.ConfigureAwait(false) == 0) return null;
        string said = _output is null ? "" : LogTail.Read(_output, 2000).Trim();
        return said.Length > 0 ? said : $"its exit code is {await Ended.ConfigureAwait(false)}.";
    }

    private static async Task<int> Follow(Process process, string? output)
    {
        using Process followed = process;
        process.StandardInput.Close();
        Stream file = output is null ? Stream.Null
            : new FileStream(output, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        await using (file.ConfigureAwait(false))
        {
            using SemaphoreSlim turn = new(1);
            await Task.WhenAll(Copy(process.StandardOutput.BaseStream, file, turn),
                Copy(process.StandardError.BaseStream, file, turn)).ConfigureAwait(false);
            await process.WaitForExitAsync().ConfigureAwait(false);
            return process.ExitCode;
        }
    }

    private static async Task Copy(Stream from, Stream to, SemaphoreSlim turn)
    {
        byte[] part = new byte[4096];
        for (int got; (got = await from.ReadAsync(part).ConfigureAwait(false)) > 0;)
        {
            await turn.WaitAsync().ConfigureAwait(false);
            try
            {
                await to.WriteAsync(part.AsMemory(0, got)).ConfigureAwait(false);
                await to.FlushAsync().ConfigureAwait(false);
            }
            catch (IOException)
            {
                // a full disk keeps no run from going on
            }
            finally
            {
                turn.Release();
            }
        }
    }
}

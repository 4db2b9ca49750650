using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Fovea.Cli.Tests.Commands;

/// <summary><c>fovea serve</c>, as far as it is not the server's own matter.</summary>
public sealed class ServeCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    /// <summary>A copy of the command without the server's assembly and without ASP.NET Core runs all the
    /// same.</summary>
    [Theory]
    [InlineData("models", 0)]
    [InlineData("--help", 0)]
    [InlineData("serve --help", 0)]
    [InlineData("studio --help", 0)]
    [InlineData("studio nowhere", 2)]
    [InlineData("serve nowhere", -1)]
    public async Task Commands_that_do_not_serve_do_not_load_the_server(string arguments, int code)
    {
        string copy = Path.Combine(_shell.Folder, "copy");
        Directory.CreateDirectory(copy);
        string[] without = ["Fovea.Server.dll", "fovea.deps.json"];
        foreach (string file in Directory.GetFiles(AppContext.BaseDirectory, "*.*")
            .Where(file => Path.GetExtension(file) is ".dll" or ".json" && !without.Contains(Path.GetFileName(file))))
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        string config = Path.Combine(copy, "fovea.runtimeconfig.json");
        JsonNode runtime = JsonNode.Parse(File.ReadAllText(config))!;
        JsonNode options = runtime["runtimeOptions"]!;
        JsonArray frameworks = options["frameworks"]!.AsArray();
        JsonNode core = frameworks.Single(one => (string?)one!["name"] == "Microsoft.NETCore.App")!;
        frameworks.Remove(core);
        options.AsObject().Remove("frameworks");
        options["framework"] = core;
        File.WriteAllText(config, runtime.ToJsonString());

        ProcessStartInfo start = new("dotnet",
            [Path.Combine(copy, "fovea.dll"), .. arguments.Split(' ')])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _shell.Folder,
        };
        using Process process = Process.Start(start)!;
        CancellationToken stop = TestContext.Current.CancellationToken;
        Task<string> output = process.StandardOutput.ReadToEndAsync(stop);
        string error = await process.StandardError.ReadToEndAsync(stop);
        await process.WaitForExitAsync(stop);
        if (code >= 0) Assert.True(process.ExitCode == code, error + await output);
        else Assert.Contains("Fovea.Server", error);   // the copy lacks what it should
    }

    [Fact]
    public void A_port_in_use_and_a_run_that_is_not_there_are_sentences()
    {
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        Assert.Equal(2, _shell.Run("serve", "run", "--port", $"{port}"));
        Assert.StartsWith($"fovea: --port: port {port} of 127.0.0.1 is in use", _shell.Error);
        Assert.Equal(2, _shell.Run("serve", "nowhere", "--port", "0"));
        Assert.Contains("'nowhere' is neither a file of weights nor a run directory", _shell.Error);
        Assert.Equal(2, _shell.Run("serve", "nowhere", "--listen", "no address"));
        Assert.StartsWith("fovea: --listen: 'no address' is no address", _shell.Error);
        Assert.Equal(2, _shell.Run("serve", "a/run", "b/run", "--port", "0"));
        Assert.Contains("two models are called 'run'", _shell.Error);
    }
}

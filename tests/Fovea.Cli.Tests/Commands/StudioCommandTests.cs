using System.Net;
using System.Net.Sockets;

namespace Fovea.Cli.Tests.Commands;

/// <summary><c>fovea studio</c>, as far as it is not the server's own matter.</summary>
public sealed class StudioCommandTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void A_folder_that_is_not_there_and_a_port_in_use_are_sentences()
    {
        Assert.Equal(2, _shell.Run("studio", "nowhere"));
        Assert.Contains("there is no folder 'nowhere'", _shell.Error);
        using TcpListener other = new(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        Assert.Equal(2, _shell.Run("studio", "--port", $"{port}"));
        Assert.StartsWith($"fovea: --port: port {port} of 127.0.0.1 is in use", _shell.Error);
    }

    [Fact]
    public void Control_by_other_machines_asks_for_a_secret()
    {
        Assert.Equal(2, _shell.Run("studio", "--listen", "0.0.0.0", "--allow-control", "--port", "0"));
        Assert.StartsWith("fovea: --allow-control: ", _shell.Error);
        Assert.Contains("--token", _shell.Error);
    }
}

using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;

namespace Fovea.Core.Collectives;

/// <summary>Place where rank 0 waits for the others, as it tells them.</summary>
/// <param name="Host">Name of its machine.</param>
/// <param name="Texts">Its addresses, those first that others most likely reach.</param>
/// <param name="Port">Port of all of them.</param>
/// <param name="Key">What ranks of this run say to each other, and nobody else knows.</param>
/// <param name="Seconds">Without a sign of life, after which a rank is lost.</param>
internal sealed record LivenessOffer(string Host, string[] Texts, int Port, byte[] Key, double Seconds)
{
    private const int KeyLength = 16;

    /// <summary>The offer of this process.</summary>
    /// <param name="listener">Bound to all addresses.</param>
    /// <param name="seconds">Time after which a rank is lost.</param>
    public static LivenessOffer Of(Socket listener, double seconds) =>
        new(Environment.MachineName, [.. OwnAddresses().Select(address => address.ToString())],
            ((IPEndPoint)listener.LocalEndPoint!).Port, RandomNumberGenerator.GetBytes(KeyLength), seconds);

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    public static LivenessOffer Read(byte[] bytes) =>
        JsonSerializer.Deserialize<LivenessOffer>(bytes) ?? throw new JsonException("no offer");

    /// <summary>For a broadcast.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this);

    /// <summary>Its addresses for this process: those of one machine reach each other at the loopback, too.</summary>
    public IEnumerable<IPAddress> AddressesFor(string host) =>
        Texts.Select(IPAddress.Parse).Where(address => host == Host || !IPAddress.IsLoopback(address));

    /// <summary>Addresses of the interfaces that are up; the loopback comes last.</summary>
    private static IEnumerable<IPAddress> OwnAddresses() =>
        from network in NetworkInterface.GetAllNetworkInterfaces()
        where network.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown
        from own in network.GetIPProperties().UnicastAddresses
        let address = own.Address
        where !address.IsIPv6LinkLocal && address.AddressFamily is AddressFamily.InterNetwork
            or AddressFamily.InterNetworkV6
        orderby IPAddress.IsLoopback(address), address.AddressFamily == AddressFamily.InterNetworkV6
        select address;
}

using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Fovea.Torch;

namespace Fovea.Cli.Properties;

/// <summary>The devices of other assemblies, made known before options and recipes are described.</summary>
internal static class Devices
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Names of devices stand in options, which are described once.")]
    internal static void Add() => TorchDevices.Register();
}

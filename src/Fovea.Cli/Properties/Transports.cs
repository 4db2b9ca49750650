using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Fovea.Mpi;

namespace Fovea.Cli.Properties;

/// <summary>The transports between processes, made known before a command asks for its ranks.</summary>
internal static class Transports
{
    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255", Justification = "Registers a function, as Devices does.")]
    internal static void Add() => MpiTransport.Register();
}

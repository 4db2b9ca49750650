using System.Runtime.InteropServices;
using Fovea.Core.Collectives;
using Fovea.Core.Files;

namespace Fovea.Mpi.Native;

/// <summary>Finds the MPI library of the launcher and loads it.</summary>
internal static class MpiFiles
{
    /// <summary>Environment variable that names the library, or its folder.</summary>
    public const string Variable = "FOVEA_MPI";

    // Which one a file is, it says itself; an order saves loading the wrong one first.
    private static readonly string[] OfOpenMpi = ["libmpi.so.40", "libmpi.so.20", "libmpi.so.12", "libmpi.so.0"];
    private static readonly string[] OfMpich = ["libmpich.so.12", "libmpi.so.12", "libmpi_cray.so.12"];
    private static readonly string[] Standard = ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so"];
    private static readonly string[] Unversioned = ["libmpi.so", "libmpich.so"];
    private static readonly string[] OfMac = ["libmpi.dylib", "libmpich.dylib", "libmpi_abi.dylib"];
    private static readonly string[] OfWindows = ["msmpi.dll", "impi.dll", "mpi_abi.dll"];

    /// <summary>The library to use: the one that <see cref="Variable"/> names, or the first that is of the launcher's
    /// family, or else the first.</summary>
    /// <exception cref="UsageException">There is none, or none that can be used.</exception>
    public static MpiLibrary Load(Launcher launcher) => Load(launcher, Environment.GetEnvironmentVariable);

    internal static MpiLibrary Load(Launcher launcher, Func<string, string?> variable)
    {
        string? stated = variable(Variable) is { Length: > 0 } named ? named : null;
        IReadOnlyList<string> places = stated is null ? Usual(launcher, variable) : InStated(launcher, stated);
        (nint Handle, MpiLibrary Library)? other = null;
        UsageException? obstacle = null;
        foreach (string place in places)
        {
            try
            {
                if (TryLoad(place, isStated: stated is not null) is not { } found) continue;
                if (IsFor(found.Library, launcher)) return found.Library;
                if (other is null) other = found;
                else NativeLibrary.Free(found.Handle);
            }
            catch (UsageException error)
            {
                obstacle ??= error;
            }
        }

        if (other is { } second) return second.Library;
        throw obstacle ?? Missing(launcher, stated);
    }

    /// <summary>Files and names to try, in this order.</summary>
    internal static IReadOnlyList<string> Usual(Launcher launcher, Func<string, string?> variable)
    {
        string[] names = Names(launcher);
        IEnumerable<string> files = Roots(variable).SelectMany(Below).Distinct()
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name))).Where(File.Exists);
        return [.. files, .. names, .. Apart().SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
            .Where(File.Exists)];
    }

    private static IReadOnlyList<string> InStated(Launcher launcher, string stated)
    {
        if (File.Exists(stated)) return [Path.GetFullPath(stated)];
        string[] names = Names(launcher);
        return [.. Below(stated)
            .SelectMany(folder => names.Select(name => Path.GetFullPath(Path.Combine(folder, name))))
            .Where(File.Exists)];
    }

    private static string[] Names(Launcher launcher) => OperatingSystem.IsWindows() ? OfWindows
        : OperatingSystem.IsMacOS() ? OfMac
        : launcher.Kind == LauncherKind.Pmi ? [.. OfMpich, .. Standard, .. OfOpenMpi, .. Unversioned]
        : [.. OfOpenMpi, .. Standard, .. OfMpich, .. Unversioned];

    /// <summary>Installations that variables or the launcher on the path point to.</summary>
    private static IEnumerable<string> Roots(Func<string, string?> variable)
    {
        string[] names = ["OPAL_PREFIX", "I_MPI_ROOT", "MPI_HOME", "MPI_ROOT", "MPICH_DIR", "CRAY_MPICH_DIR",
            "EBROOTOPENMPI", "EBROOTMPICH", "CONDA_PREFIX"];
        foreach (string name in names)
            if (variable(name) is { Length: > 0 } root) yield return root;
        foreach (string folder in (variable("PATH") ?? "").Split(Path.PathSeparator))
        {
            if (folder.Length == 0 || !File.Exists(Path.Combine(folder, "mpirun"))) continue;
            if (Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(folder)) is string root) yield return root;
            yield break;   // those after it are not the one that a shell would start
        }
    }

    private static IEnumerable<string> Below(string root) =>
        ((string[])[root, Path.Combine(root, "lib"), Path.Combine(root, "lib64"), Path.Combine(root, "lib", "release")])
        .Where(Directory.Exists);

    /// <summary>Folders that the system's loader does not search: those of Fedora and Red Hat, and of
    /// Homebrew.</summary>
    private static IEnumerable<string> Apart() => ((string[])["/usr/lib64/openmpi/lib", "/usr/lib64/mpich/lib",
        "/usr/lib64/mpich-5.0/lib", "/opt/homebrew/lib", "/usr/local/lib"]).Where(Directory.Exists);

    private static bool IsFor(MpiLibrary library, Launcher launcher) => launcher.Kind switch
    {
        LauncherKind.OpenMpi => library.Version.StartsWith("Open MPI", StringComparison.Ordinal)
            || library.Abi == MpiAbi.OpenMpi,
        LauncherKind.Pmi => !library.Version.StartsWith("Open MPI", StringComparison.Ordinal)
            && library.Abi != MpiAbi.OpenMpi,
        _ => true,
    };

    /// <summary>Loads a file or a name; null where it is not there or is none of MPI.</summary>
    /// <exception cref="UsageException">It is there and cannot be used.</exception>
    private static (nint Handle, MpiLibrary Library)? TryLoad(string place, bool isStated)
    {
        bool isFile = Path.IsPathRooted(place);
        if (isFile && NativeFile.IsForAnotherProcessor(place)) throw AnotherProcessor(place);
        Variables.BeforeLoading();
        nint handle;
        try
        {
            handle = NativeLibrary.Load(place);
        }
        catch (DllNotFoundException) when (!isFile)
        {
            return null;
        }
        catch (DllNotFoundException error)
        {
            throw new UsageException($"the MPI library {place} cannot be loaded: {FirstLine(error.Message)}.")
            {
                Remedy = "Install it again, with all that it needs.",
            };
        }
        catch (BadImageFormatException)
        {
            throw AnotherProcessor(place);
        }

        MpiLibrary? library = MpiLibrary.Of(handle, place);
        if (library is not null) return (handle, library);
        NativeLibrary.Free(handle);
        if (!isStated) return null;
        throw new UsageException($"{Variable} is '{place}', which is not a library of MPI-3 or newer.")
        {
            Remedy = Place,
        };
    }

    private static UsageException AnotherProcessor(string path) =>
        new($"the MPI library {path} is not for this processor ({RuntimeInformation.ProcessArchitecture}).")
        {
            Remedy = $"Install the MPI of this machine, or name another library in {Variable}.",
        };

    private static UsageException Missing(Launcher launcher, string? stated)
    {
        if (stated is not null)
            return new($"{Variable} is '{stated}', where there is no MPI library.") { Remedy = Place };
        string started = launcher.Size is > 1 ? $"{launcher} started {launcher.Size} processes"
            : $"{launcher} started this process";
        return new($"{started}, but no MPI library was found on this machine.")
        {
            Remedy = $"Install the one of the launcher on every machine (Debian and Ubuntu: apt-get install "
                + $"{(launcher.Kind == LauncherKind.Pmi ? "mpich" : "openmpi-bin")}), or name it in {Variable}.",
        };
    }

    private static string Place => $"It has to name the library (such as libmpi.so.40, libmpich.so.12 or "
        + "libmpi_abi.so), or the folder that holds it.";

    private static string FirstLine(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries)[0].TrimEnd('.');
}

using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Fovea.Core.Files;

namespace Fovea.Export.Native;

/// <summary>Finds ONNX Runtime's library on this machine and loads it, once per process.</summary>
internal static class OnnxRuntimeFiles
{
    /// <summary>Environment variable that names the library, or its folder.</summary>
    public const string Variable = "FOVEA_ONNXRUNTIME";

    private const string Package = "microsoft.ml.onnxruntime";

    private static readonly Lock Gate = new();

    private static OnnxRuntimeLibrary? _loaded;

    /// <summary>The library, loaded by the first call.</summary>
    /// <exception cref="UsageException">There is none, or none that this program can use.</exception>
    public static OnnxRuntimeLibrary Load()
    {
        lock (Gate) return _loaded ??= Load(Environment.GetEnvironmentVariable);
    }

    /// <summary>The library that <see cref="Variable"/> names; or the first of this program's folder, the active
    /// virtual or conda environment, what <c>python3</c> would import, NuGet's packages and the system's
    /// folders.</summary>
    internal static OnnxRuntimeLibrary Load(Func<string, string?> variable)
    {
        if (variable(Variable) is { Length: > 0 } stated)
            return Open(InPlace(stated) ?? throw new UsageException(
                $"{Variable} is '{stated}', where there is no {FileName}.")
            {
                Remedy = "It has to name the library, or the folder that holds it.",
            });
        foreach (string file in FromProgram().Concat(FromEnvironments(variable)).Concat(FromPython())
            .Concat(FromNuGet(variable)))
            return Open(file);
        foreach (string name in (string[])[$"{FileName}.1", FileName])
            if (NativeLibrary.TryLoad(name, out nint handle)) return OnnxRuntimeLibrary.Of(handle, name);
        throw new UsageException($"ONNX Runtime's library ({FileName}) was not found on this machine.")
        {
            Remedy = "Install it (pip install onnxruntime, or one of the archives of its releases), or name it in "
                + $"{Variable}.",
        };
    }

    private static string FileName => OperatingSystem.IsWindows() ? "onnxruntime.dll"
        : OperatingSystem.IsMacOS() ? "libonnxruntime.dylib" : "libonnxruntime.so";

    private static OnnxRuntimeLibrary Open(string path)
    {
        if (NativeFile.IsForAnotherProcessor(path)) throw AnotherProcessor(path);
        try
        {
            return OnnxRuntimeLibrary.Of(NativeLibrary.Load(path), path);
        }
        catch (BadImageFormatException)
        {
            throw AnotherProcessor(path);
        }
        catch (DllNotFoundException error)
        {
            throw new UsageException($"{path} cannot be loaded: {error.Message.Split('\n')[0].Trim().TrimEnd('.')}.")
            {
                Remedy = $"Install ONNX Runtime again, or name another library in {Variable}.",
            };
        }
    }

    private static UsageException AnotherProcessor(string path) =>
        new($"{path} is not for this processor ({RuntimeInformation.ProcessArchitecture}).")
        {
            Remedy = $"Install the ONNX Runtime of this machine, or name another library in {Variable}.",
        };

    private static IEnumerable<string> FromProgram() => InRuntimes(AppContext.BaseDirectory)
        .Prepend(InFolder(AppContext.BaseDirectory)).OfType<string>();

    private static IEnumerable<string> FromEnvironments(Func<string, string?> variable)
    {
        foreach (string name in (string[])["VIRTUAL_ENV", "CONDA_PREFIX"])
        {
            if (variable(name) is not { Length: > 0 } root) continue;
            if (InFolder(Path.Combine(root, "Lib", "site-packages", "onnxruntime", "capi")) is string windows)
                yield return windows;
            string lib = Path.Combine(root, "lib");
            if (!Directory.Exists(lib)) continue;
            if (InFolder(lib) is string own) yield return own;
            foreach (string python in Directory.EnumerateDirectories(lib, "python3*").Order(StringComparer.Ordinal))
                if (InFolder(Path.Combine(python, "site-packages", "onnxruntime", "capi")) is string found)
                    yield return found;
        }
    }

    /// <summary>Asks where Python would import onnxruntime from, without importing it.</summary>
    private static IEnumerable<string> FromPython()
    {
        const string question =
            "import importlib.util as u; s = u.find_spec('onnxruntime'); print(s.origin if s else '')";
        string answer;
        try
        {
            using Process? python = Process.Start(new ProcessStartInfo("python3", ["-c", question])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            if (python is null) yield break;
            answer = python.StandardOutput.ReadToEnd().Trim();
            python.WaitForExit(10_000);
        }
        catch (Win32Exception)
        {
            yield break;   // no python3
        }

        if (Path.GetDirectoryName(answer) is { Length: > 0 } folder
            && InFolder(Path.Combine(folder, "capi")) is string found) yield return found;
    }

    private static IEnumerable<string> FromNuGet(Func<string, string?> variable)
    {
        string packages = variable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        string package = Path.Combine(packages, Package);
        return !Directory.Exists(package) ? [] : Directory.EnumerateDirectories(package)
            .OrderByDescending(folder => Version.TryParse(Path.GetFileName(folder), out Version? version) ? version
                : new Version()).SelectMany(InRuntimes);
    }

    private static IEnumerable<string> InRuntimes(string folder)
    {
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        string name = $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        return InFolder(Path.Combine(folder, "runtimes", name, "native")) is string found ? [found] : [];
    }

    /// <summary>The library that a path names: itself, or the one in the folder or in its <c>lib</c>.</summary>
    private static string? InPlace(string path) => File.Exists(path) ? Path.GetFullPath(path)
        : InFolder(path) ?? InFolder(Path.Combine(path, "lib"));

    /// <summary>The library in a folder, whose name may end in its version.</summary>
    private static string? InFolder(string folder)
    {
        if (!Directory.Exists(folder)) return null;
        string exact = Path.GetFullPath(Path.Combine(folder, FileName));
        if (File.Exists(exact)) return exact;
        string pattern = OperatingSystem.IsMacOS() ? "libonnxruntime.*.dylib" : $"{FileName}.*";
        return Directory.EnumerateFiles(Path.GetFullPath(folder), pattern).Order(StringComparer.Ordinal)
            .LastOrDefault();
    }
}

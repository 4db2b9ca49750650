using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Fovea.Core.Files;

namespace Fovea.Torch.Native;

/// <summary>Finds libtorch on this machine and loads it, once per process.</summary>
internal static partial class LibTorchFiles
{
    /// <summary>Environment variable that names the folder of the library, or one above its <c>lib</c>.</summary>
    public const string Variable = "FOVEA_TORCH";

    private const string Install = "Install it with: pip install torch (2.10 or newer), or name its folder in "
        + Variable;

    private static readonly Version Oldest = new(2, 10);

    private static readonly Lock Gate = new();

    private static LibTorch? _loaded;

    private static bool _usesTf32;

    /// <summary>Folder of the loaded library.</summary>
    public static string? Folder { get; private set; }

    /// <summary>File name of the library of all devices.</summary>
    public static string CpuFile => FileOf("torch_cpu");

    /// <summary>The library, loaded by the first call.</summary>
    /// <param name="threads">Threads of its loops on the CPU; null: its own choice. Counts in the first call.</param>
    /// <param name="usesTf32">Products may round their operands to TF32; null: either. The first call decides.</param>
    /// <exception cref="UsageException">There is none, or none that this program can use.</exception>
    public static LibTorch Load(int? threads = null, bool? usesTf32 = null)
    {
        lock (Gate)
        {
            if (_loaded is null)
            {
                string folder = Find();
                _usesTf32 = usesTf32 ?? false;
                Set("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", _usesTf32 ? "1" : "0");
                if (!_usesTf32) Set("NVIDIA_TF32_OVERRIDE", "0");   // of convolutions, too
                _loaded = LoadFrom(folder, threads);
            }
            else if (usesTf32 is bool wanted && wanted != _usesTf32)
                throw new UsageException("one process computes with tf32 or without, not both.")
                {
                    Field = "precision",
                };

            return _loaded;
        }
    }

    /// <summary>The folder that holds the library, by the first place that has one of 2.10 or newer:
    /// <see cref="Variable"/>, the active virtual or conda environment, what <c>python3</c> would import, NuGet's
    /// packages.</summary>
    /// <exception cref="UsageException">No place has one.</exception>
    public static string Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } stated)
            return FolderIn(stated) ?? throw new UsageException(
                $"{Variable} is '{stated}', where there is no {CpuFile}.")
            {
                Field = "device",
                Remedy = "It has to name the folder 'torch' of a Python installation, or the folder of the library",
            };
        string? older = null;
        foreach (string folder in FromEnvironments().Concat(FromPython()).Concat(FromNuGet()))
        {
            if (!IsOlder(folder)) return folder;
            older ??= folder;
        }

        return older ?? throw new UsageException($"PyTorch's library ({CpuFile}) was not found.")
        {
            Field = "device",
            Remedy = Install,
        };
    }

    /// <summary>A second library of the same folder, e.g. <c>torch_cuda</c>; false where it is not there.</summary>
    /// <exception cref="UsageException">It is there and cannot be loaded.</exception>
    public static bool TryLoad(string name)
    {
        string path = Path.Combine(Folder!, FileOf(name));
        if (!File.Exists(path)) return false;
        Open(path);
        return true;
    }

    private static LibTorch LoadFrom(string folder, int? threads)
    {
        if (threads is int count) Set("OMP_NUM_THREADS", count.ToString(CultureOfNumbers));
        if (threads is int number) Set("MKL_NUM_THREADS", number.ToString(CultureOfNumbers));
        // Threads that wait must not hold the processor: decoders and other processes need it, too.
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null) Set("OMP_WAIT_POLICY", "PASSIVE");
        LibTorch library = LoadIn(folder);
        Folder = folder;
        return library;
    }

    /// <summary>The library of a folder, loaded and checked.</summary>
    /// <exception cref="UsageException">This program cannot use it.</exception>
    internal static LibTorch LoadIn(string folder)
    {
        string path = Path.Combine(folder, CpuFile);
        if (NativeFile.IsForAnotherProcessor(path)) throw AnotherProcessor(path);
        nint library = Open(path);
        if (NativeLibrary.TryGetExport(library, "torch_call_dispatcher", out _)) return new LibTorch(library);
        throw new UsageException(
            $"the PyTorch in {folder} is older than 2.10 and lacks the interface that is used here.")
        {
            Field = "device",
            Remedy = "Bring it up to date with: pip install -U torch",
        };
    }

    private static UsageException AnotherProcessor(string path) =>
        new($"{path} is not for this processor ({RuntimeInformation.ProcessArchitecture}).")
        {
            Field = "device",
            Remedy = "Install the PyTorch of this machine.",
        };

    private static nint Open(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (BadImageFormatException)
        {
            throw AnotherProcessor(path);
        }
        catch (DllNotFoundException error)
        {
            throw new UsageException($"{path} cannot be loaded: {FirstLine(error.Message)}")
            {
                Field = "device",
                Remedy = "Remove PyTorch (pip uninstall torch) and install it again (pip install torch)",
            };
        }
    }

    /// <summary>Tells whether a Python package says that it is of a version without the interface; loading it to see
    /// would keep it in the process.</summary>
    private static bool IsOlder(string folder)
    {
        string file = Path.Combine(Path.GetDirectoryName(folder) ?? "", "version.py");
        try
        {
            return File.Exists(file) && VersionLine().Match(File.ReadAllText(file)) is { Success: true } match
                && Version.TryParse(match.Groups[1].Value, out Version? version) && version < Oldest;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"__version__[^=]*=\s*['""](\d+\.\d+)")]
    private static partial Regex VersionLine();

    private static IEnumerable<string> FromEnvironments()
    {
        foreach (string variable in (string[])["VIRTUAL_ENV", "CONDA_PREFIX"])
        {
            if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } root) continue;
            string windows = Path.Combine(root, "Lib", "site-packages", "torch");
            if (FolderIn(windows) is string found) yield return found;
            string lib = Path.Combine(root, "lib");
            if (!Directory.Exists(lib)) continue;
            foreach (string python in Directory.EnumerateDirectories(lib, "python3*").Order(StringComparer.Ordinal))
                if (FolderIn(Path.Combine(python, "site-packages", "torch")) is string inside) yield return inside;
        }
    }

    /// <summary>Asks where Python would import torch from, without importing it.</summary>
    private static IEnumerable<string> FromPython()
    {
        const string question = "import importlib.util as u; s = u.find_spec('torch'); print(s.origin if s else '')";
        ProcessStartInfo start = new("python3", ["-c", question])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string answer;
        try
        {
            using Process? python = Process.Start(start);
            if (python is null) yield break;
            answer = python.StandardOutput.ReadToEnd().Trim();
            python.WaitForExit(10_000);
        }
        catch (Win32Exception)
        {
            yield break;   // no python3
        }

        if (answer.Length > 0 && FolderIn(Path.GetDirectoryName(answer)!) is string found) yield return found;
    }

    private static IEnumerable<string> FromNuGet()
    {
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        if (!Directory.Exists(packages)) yield break;
        string runtime = RuntimeInformation.RuntimeIdentifier;
        foreach (string package in Directory.EnumerateDirectories(packages, "libtorch-*").Order(StringComparer.Ordinal))
            foreach (string version in Directory.EnumerateDirectories(package).OrderDescending(StringComparer.Ordinal))
                foreach (string name in (string[])[runtime, PortableRuntime])
                    if (FolderIn(Path.Combine(version, "runtimes", name, "native")) is string found)
                    {
                        yield return found;
                        break;
                    }
    }

    private static string PortableRuntime =>
        (OperatingSystem.IsWindows() ? "win-" : OperatingSystem.IsMacOS() ? "osx-" : "linux-")
        + RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();

    /// <summary>The folder itself or the <c>lib</c> in it, whichever holds the library.</summary>
    private static string? FolderIn(string folder) =>
        ((string[])[folder, Path.Combine(folder, "lib"), Path.Combine(folder, "torch", "lib")])
        .FirstOrDefault(place => File.Exists(Path.Combine(place, CpuFile)));

    private static string FileOf(string name) =>
        OperatingSystem.IsWindows() ? $"{name}.dll" : OperatingSystem.IsMacOS() ? $"lib{name}.dylib" : $"lib{name}.so";

    private static IFormatProvider CultureOfNumbers => System.Globalization.CultureInfo.InvariantCulture;

    private static string FirstLine(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault() ?? "";

    /// <summary>Sets a variable that native code reads: on Unix .NET keeps its own copy of the environment.</summary>
    internal static void Set(string variable, string value)
    {
        Environment.SetEnvironmentVariable(variable, value);
        if (!OperatingSystem.IsWindows()) _ = SetNative(variable, value, 1);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetNative(string name, string value, int overwrite);
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Fovea.Torch.Backends;
using Fovea.Torch.Native;

namespace Fovea.Torch.Tests;

/// <summary>What is said about libraries and devices that cannot be used.</summary>
public sealed class MessageTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string? _variable = Environment.GetEnvironmentVariable(LibTorchFiles.Variable);

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(LibTorchFiles.Variable, _variable);
        _folder.Dispose();
    }

    [Fact]
    public void A_folder_without_the_library_is_named()
    {
        Environment.SetEnvironmentVariable(LibTorchFiles.Variable, _folder["empty"]);

        UsageException error = Assert.Throws<UsageException>(LibTorchFiles.Find);

        Assert.Contains(_folder["empty"], error.Message);
        Assert.Contains(LibTorchFiles.CpuFile, error.Message);
        Assert.Equal("device", error.Field);
    }

    [Theory]
    [InlineData("")]
    [InlineData("lib")]
    [InlineData("torch/lib")]
    public void The_folder_may_be_one_above_the_library(string below)
    {
        string place = Path.Combine(_folder["any"], below).TrimEnd(Path.DirectorySeparatorChar);
        Directory.CreateDirectory(place);
        File.WriteAllText(Path.Combine(place, LibTorchFiles.CpuFile), "");
        Environment.SetEnvironmentVariable(LibTorchFiles.Variable, _folder["any"]);

        Assert.Equal(Path.GetFullPath(place), Path.GetFullPath(LibTorchFiles.Find()));
    }

    [Theory]
    [InlineData(false, null, 12080, "this machine has no NVIDIA driver")]
    [InlineData(true, 11080, 12080, "the NVIDIA driver is for CUDA 11.8, this PyTorch needs 12.8")]
    [InlineData(true, 12040, 12080, null)]
    [InlineData(true, 13000, 12080, null)]
    [InlineData(true, null, 12080, null)]
    [InlineData(true, 12040, null, null)]
    public void A_driver_older_than_the_library_is_the_reason(bool installed, int? driver, int? library,
        string? expected) =>
        Assert.Equal(expected, CudaDriver.Obstacle(installed, driver, library));

    [Fact]
    public void Lacking_memory_says_how_much_was_asked_held_and_free_and_what_lowers_it()
    {
        TorchException error = TorchException.OutOfMemory("cuda", ByteSize.Text(1536L << 20), 3L << 30,
            (100L << 20, 4L << 30));

        Assert.Equal("cuda has no memory left for 1.5 GiB; 3 GiB are held by this run, 100 MiB of 4 GiB are "
            + "free.", error.Reason);
        foreach (string option in (string[])["`batch-size`", "`grad-accum`", "`grad-checkpoint`", "`precision` bf16",
            "last checkpoint"])
            Assert.Contains(option, error.Remedy);
    }

    [Fact]
    public void The_active_environment_is_searched()
    {
        string place = Path.Combine(_folder["env"], "lib", "python3.12", "site-packages", "torch", "lib");
        Directory.CreateDirectory(place);
        File.WriteAllText(Path.Combine(place, LibTorchFiles.CpuFile), "");
        Environment.SetEnvironmentVariable(LibTorchFiles.Variable, null);
        string? before = Environment.GetEnvironmentVariable("VIRTUAL_ENV");
        try
        {
            Environment.SetEnvironmentVariable("VIRTUAL_ENV", _folder["env"]);
            Assert.Equal(place, LibTorchFiles.Find());
        }
        finally
        {
            Environment.SetEnvironmentVariable("VIRTUAL_ENV", before);
        }
    }

    [Theory]
    [InlineData("2.4.1+cu121", "new")]
    [InlineData("1.13.0a0", "new")]
    [InlineData("2.11.0", "old")]
    public void An_older_library_is_passed_over_where_there_is_a_newer_one(string version, string found)
    {
        Dictionary<string, string?> before = new();
        foreach ((string variable, string name) in (ReadOnlySpan<(string, string)>)[("VIRTUAL_ENV", "old"),
            ("CONDA_PREFIX", "new")])
        {
            string torch = _folder[$"{name}/lib/python3.12/site-packages/torch"];
            Directory.CreateDirectory(Path.Combine(torch, "lib"));
            File.WriteAllText(Path.Combine(torch, "lib", LibTorchFiles.CpuFile), "");
            File.WriteAllText(Path.Combine(torch, "version.py"),
                $"__all__ = ['__version__']\n__version__ = '{(name == "old" ? version : "2.10.0")}'\n");
            before[variable] = Environment.GetEnvironmentVariable(variable);
            Environment.SetEnvironmentVariable(variable, _folder[name]);
        }

        try
        {
            Assert.StartsWith(_folder[found], LibTorchFiles.Find());
        }
        finally
        {
            foreach ((string variable, string? value) in before) Environment.SetEnvironmentVariable(variable, value);
        }
    }

    [Fact]
    public void A_library_without_the_interface_is_too_old()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "takes a library of Linux");
        string? other = ((string[])["/lib/x86_64-linux-gnu/libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6",
            "/usr/lib/libm.so.6", "/usr/lib64/libm.so.6"]).FirstOrDefault(File.Exists);
        Assert.SkipWhen(other is null, "there is no library to stand for an old one");
        Directory.CreateDirectory(_folder["old"]);
        File.Copy(other, Path.Combine(_folder["old"], LibTorchFiles.CpuFile));

        UsageException error = Assert.Throws<UsageException>(() => LibTorchFiles.LoadIn(_folder["old"]));

        Assert.Contains("older than 2.10", error.Message);
        Assert.Contains("pip install -U torch", error.Remedy);
    }

    [Fact]
    public void A_library_for_another_processor_is_refused()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "ELF files are those of Linux");
        byte[] head = new byte[64];
        ((byte[])[0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1]).CopyTo(head, 0);
        bool isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(18), (ushort)(isArm ? 62 : 183));
        Directory.CreateDirectory(_folder["foreign"]);
        File.WriteAllBytes(Path.Combine(_folder["foreign"], LibTorchFiles.CpuFile), head);

        UsageException error = Assert.Throws<UsageException>(() => LibTorchFiles.LoadIn(_folder["foreign"]));

        Assert.Contains("not for this processor", error.Message);
    }

    [Fact]
    public void A_file_that_is_no_library_is_refused()
    {
        Directory.CreateDirectory(_folder["text"]);
        File.WriteAllText(Path.Combine(_folder["text"], LibTorchFiles.CpuFile), "not a library");

        UsageException error = Assert.Throws<UsageException>(() => LibTorchFiles.LoadIn(_folder["text"]));

        Assert.Contains(_folder["text"], error.Message);
        Assert.NotNull(error.Remedy);
    }

    [Theory]
    [InlineData("cuda", "cannot use 'cuda'")]
    [InlineData("cuda:x", "no number behind the colon")]
    [InlineData("cuda:-1", "no number behind the colon")]
    [InlineData("torch:1", "there is one torch only")]
    public void A_device_that_is_not_there_is_refused(string name, string reason)
    {
        _ = Support.Torch.Device;
        Assert.SkipWhen(name == "cuda" && LibTorchFiles.TryLoad("torch_cuda"), "this PyTorch has CUDA");

        UsageException error = Assert.Throws<UsageException>(() => Device.Open(name));

        Assert.Contains(reason, error.Message);
        Assert.Equal("device", error.Field);
    }

    [Fact]
    public void Tf32_is_for_cuda_and_int8_for_the_cpu()
    {
        _ = Support.Torch.Device;
        UsageException tf32 = Assert.Throws<UsageException>(() => Device.Open("torch", precision: Precision.Tf32));
        UsageException cpu = Assert.Throws<UsageException>(() => Device.Open("cpu", precision: Precision.Tf32));
        UsageException int8 = Assert.Throws<UsageException>(() => Device.Open("torch", precision: Precision.Int8));

        Assert.All([tf32, cpu, int8], error => Assert.Equal("precision", error.Field));
    }

    [Fact]
    public void What_does_not_fit_into_memory_says_how_much_was_asked_and_what_takes_less()
    {
        TorchBackend backend = (TorchBackend)Support.Torch.Device.Backend;

        TorchException error = Assert.Throws<TorchException>(() => backend.Empty([1L << 60], backend.Torch.Float32));

        Assert.Contains("has no memory left for 4 EiB", error.Message);
        Assert.Contains("`batch-size`", error.Remedy);
    }

    [Fact]
    public void An_operator_that_is_missing_is_named()
    {
        TorchBackend backend = (TorchBackend)Support.Torch.Device.Backend;

        TorchException error = Assert.Throws<TorchException>(() =>
            backend.Dispatcher.Call("no_such_operator", [0L], []));

        Assert.Contains("no_such_operator", error.Message);
        Assert.Contains(backend.Torch.Version.ToString(), error.Message);
    }

    [Fact]
    public void Devices_are_described()
    {
        _ = Support.Torch.Device;
        IReadOnlyList<DeviceDescription> all = Device.Describe();

        Assert.Equal(["cpu", "reference", "torch"], all.Select(device => device.Name).Take(3));
        DeviceDescription torch = all.Single(device => device.Name == "torch");
        Assert.True(torch.IsThere);
        Assert.StartsWith("PyTorch 2.", torch.Version);
        DeviceDescription mps = all.Single(device => device.Name == "mps");
        Assert.True(mps.IsThere || mps.Remedy is not null);
    }
}

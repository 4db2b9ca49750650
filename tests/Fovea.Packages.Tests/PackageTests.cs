using System.IO.Compression;
using System.Xml.Linq;
using Fovea.Packages.Tests.Support;

namespace Fovea.Packages.Tests;

/// <summary>What people install: the packages packed from the sources, used in empty folders.</summary>
[Trait("Category", "Slow")]
public sealed class PackageTests(PackedFeed packed)
{
    [Fact]
    public void AToolInstalledIntoAnEmptyFolderTrainsAndPredicts()
    {
        using TemporaryFolder folder = new();
        Command.Run(
            folder.Path, "dotnet", "tool", "install", "fovea", "--tool-path", "tools", "--add-source", packed.Feed,
            "--version", PackedFeed.Version);
        string fovea = folder[OperatingSystem.IsWindows() ? "tools/fovea.exe" : "tools/fovea"];

        Assert.Contains(PackedFeed.Version, Command.Run(folder.Path, fovea, "--version"));
        Command.Run(
            folder.Path, fovea, "train", "--model", "vit-nano", "--train-limit", "64", "--epochs", "1", "--threads",
            "2",
            "--out", "run");
        Assert.True(File.Exists(folder["run/summary.json"]));
        Assert.True(File.Exists(folder["run/figures/loss.png"]));
        string figure = folder["run/figures/loss.png"];
        Assert.Contains("loss.png", Command.Run(folder.Path, fovea, "predict", "run", figure));
        // The exporter and the server come along.
        Command.Run(folder.Path, fovea, "export", "run", "--format", "onnx", "--out", "model.onnx");
        Assert.Contains("--max-batch", Command.Run(folder.Path, fovea, "serve", "--help"));
    }

    [Fact]
    public void AProgramOfTenLinesBuildsAgainstTheLibraries()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder["program.csproj"], $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
              </PropertyGroup>
              <ItemGroup><PackageReference Include="Fovea.Vision" Version="{PackedFeed.Version}" /></ItemGroup>
            </Project>
            """);
        File.WriteAllText(folder["Program.cs"], """
            using Fovea.Tensors;
            using Fovea.Vision;
            using Fovea.Vision.Models;

            ImageClassifier model = Presets.Find("vit-nano").Config.Build();
            model.Initialize(Device.Cpu, seed: 0);
            Tensor images = Tensor.Zeros([2, 3, 32, 32], Device.Cpu);
            System.Console.WriteLine(model.Forward(images).Shape);
            """);
        // What was restored before need not be fetched again; what is unpacked here stays here.
        string known = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } set
            ? set
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        Directory.CreateDirectory(known);
        File.WriteAllText(folder["nuget.config"], $"""
            <configuration>
              <packageSources><add key="packed" value="{packed.Feed}" /></packageSources>
              <fallbackPackageFolders><add key="known" value="{known}" /></fallbackPackageFolders>
            </configuration>
            """);

        string said = Command.Run(
            folder.Path, new Dictionary<string, string> { ["NUGET_PACKAGES"] = folder["packages"] }, "dotnet", "run",
            "--project",
            "program.csproj");

        Assert.Contains("2", said);
        Assert.True(Directory.Exists(folder["packages/fovea.vision"]), said);
    }

    public static TheoryData<string> Libraries => [.. PackedFeed.Libraries];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void ALibraryBringsDocumentationReadmeLicenceAndSymbols(string name)
    {
        using ZipArchive package = Open($"{name}.{PackedFeed.Version}.nupkg");
        foreach (string file in (string[])[$"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml", "README.md",
            "LICENSE"])
            Assert.True(package.GetEntry(file) is { Length: > 500 }, file);
        XElement metadata = Metadata(package, name);
        Assert.StartsWith("MIT", Text(metadata, "license"));
        Assert.Equal("README.md", Text(metadata, "readme"));
        Assert.True(Text(metadata, "description").Length > 20);
        Assert.DoesNotContain("Package Description", Text(metadata, "description"));

        using ZipArchive symbols = Open($"{name}.{PackedFeed.Version}.snupkg");
        Assert.NotNull(symbols.GetEntry($"lib/net10.0/{name}.pdb"));
    }

    [Fact]
    public void TheToolOfOnePlatformBringsNothingOfOthers()
    {
        using ZipArchive package = Open($"fovea.{PackedFeed.Platform}.{PackedFeed.Version}.nupkg");
        string[] files = [.. package.Entries.Select(entry => entry.FullName)];
        Assert.DoesNotContain(files, file => file.Contains("runtimes/"));
        Assert.DoesNotContain(files, file => file.EndsWith("libSkiaSharp.pdb"));
        Assert.DoesNotContain(files, file => file.EndsWith(".xml") && file.Contains("Fovea"));
        // 13 MB when this was written.
        Assert.InRange(package.Entries.Sum(entry => entry.CompressedLength), 1 << 20, 40 << 20);
    }

    private ZipArchive Open(string file) => ZipFile.OpenRead(Path.Combine(packed.Feed, file));

    private static XElement Metadata(ZipArchive package, string name)
    {
        using Stream text = package.GetEntry($"{name}.nuspec")!.Open();
        return XDocument.Load(text).Root!.Elements().Single(element => element.Name.LocalName == "metadata");
    }

    private static string Text(XElement metadata, string name) =>
        metadata.Elements().Single(element => element.Name.LocalName == name).Value;
}

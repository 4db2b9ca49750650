namespace Fovea.Architecture.Tests;

/// <summary>Every image of the documentation can be drawn again, and is shown.</summary>
public sealed class DocumentImageTests
{
    private const string Folder = "docs/images";

    public static TheoryData<string> Images =>
        [.. Directory.EnumerateFiles(Path.Combine(CodeBase.Root, Folder), "*.png")
            .Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Images))]
    public void AnImageHasTheCommandThatDrawsIt(string image) =>
        Assert.Contains(CodeBase.Lines($"{Folder}/make.sh"), line =>
            line.TrimStart().StartsWith("cp ", StringComparison.Ordinal)
            && line.EndsWith($" $here/{image}", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Images))]
    public void AnImageIsShown(string image)
    {
        string[] pages = [Path.Combine(CodeBase.Root, "README.md"),
            .. Directory.EnumerateFiles(Path.Combine(CodeBase.Root, "docs"), "*.md")];
        Assert.Contains(pages, page =>
            File.ReadAllText(page).Contains($"images/{image})", StringComparison.Ordinal));
    }
}

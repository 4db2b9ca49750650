using Fovea.Core.Files;

namespace Fovea.Core.Tests.Files;

public sealed class FileNamesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]   // such a name is there already, from an attempt before
    public void A_file_has_two_names_and_either_can_go(bool exists)
    {
        File.WriteAllText(_folder["new"], "contents");
        if (exists) File.WriteAllText(_folder["second"], "old");
        FileNames.AddName(_folder["new"], _folder["second"], _folder["main"]);
        File.Delete(_folder["new"]);
        Assert.Equal("contents", File.ReadAllText(_folder["second"]));
        Assert.Equal([_folder["second"]], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Where_a_second_name_cannot_be_there_is_a_copy()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Directory.Exists("/dev/shm"), "needs another file system");
        string other = $"/dev/shm/fovea-test-{Guid.NewGuid():N}";
        File.WriteAllText(other, "contents");
        try
        {
            FileNames.AddName(other, _folder["second"], _folder["main"]);
        }
        finally
        {
            File.Delete(other);
        }

        Assert.Equal("contents", File.ReadAllText(_folder["second"]));
        Assert.Equal([_folder["second"]], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Flushing_a_folder_that_is_not_there_does_nothing()
    {
        FileNames.Flush(_folder.Path);
        FileNames.Flush(_folder["no/such/folder"]);
    }
}

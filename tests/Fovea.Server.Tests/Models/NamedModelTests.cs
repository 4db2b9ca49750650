using Fovea.Server.Models;

namespace Fovea.Server.Tests.Models;

public sealed class NamedModelTests
{
    [Theory]
    [InlineData("runs/flowers", "flowers", "runs/flowers")]
    [InlineData("runs/flowers/", "flowers", "runs/flowers/")]
    [InlineData("flowers=runs/one", "flowers", "runs/one")]
    [InlineData("weights/model.safetensors", "model", "weights/model.safetensors")]
    [InlineData("runs/lr=0.1", "lr=0", "runs/lr=0.1")]
    [InlineData("a=b=c", "a", "b=c")]
    public void A_name_stands_before_the_path_or_is_its_last_part(string text, string name, string path) =>
        Assert.Equal((name, path), NamedModel.Read(text));

    [Fact]
    public void A_path_that_exists_is_no_name()
    {
        string folder = Directory.CreateTempSubdirectory("a=b").FullName;
        string before = Environment.CurrentDirectory;
        Assert.Equal((Path.GetFileName(folder), folder), NamedModel.Read(folder));
        Directory.Delete(folder);
        Assert.Equal(before, Environment.CurrentDirectory);
    }
}

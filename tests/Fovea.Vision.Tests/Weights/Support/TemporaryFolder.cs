namespace Fovea.Vision.Tests.Weights.Support;

/// <summary>A folder of its own for a test; gone afterwards.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("fovea-weights-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    public string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    public void Dispose() => Directory.Delete(_path, recursive: true);
}

using System.Text;
using System.Text.Json;
using Fovea.Vision.Tests.Weights.Support;
using Fovea.Vision.Weights;
using Fovea.Vision.Weights.Naming;
using Fovea.Vision.Weights.Safetensors;
using Fovea.Vision.Weights.Storage;

namespace Fovea.Vision.Tests.Weights;

public sealed class ForeignFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull")]
    [InlineData("\n <!DOCTYPE html><html>", "a web page")]
    [InlineData("\u001F\u008B\u0008\u0000", "gunzip")]
    [InlineData("\u0089HDF\r\n\u001A\n", "Keras")]
    [InlineData("\u0008\u0008\u0012\u0007pytorch", "ONNX")]
    [InlineData("GGUF\u0003\u0000", "GGUF")]
    [InlineData("\u0093NUMPY\u0001\u0000", "single array of numpy")]
    public void Files_that_are_no_weights_are_named(string start, string named)
    {
        string path = Write("model.safetensors", Encoding.Latin1.GetBytes(start.PadRight(100, ' ')));
        Assert.Contains(named, Assert.Throws<CheckpointException>(() => WeightFiles.Open(path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_in_several_files_is_one()
    {
        Shard("model-1.safetensors", "a", 1);
        Shard("model-2.safetensors", "b", 2);
        string list = List(("a", "model-1.safetensors"), ("b", "model-2.safetensors"));
        using WeightFile file = WeightFiles.Open(WeightFiles.InFolder(_folder)!);
        Assert.Equal(list, file.Path);
        Assert.Equal(["a 1", "b 2"], file.Weights.Select(weight => $"{weight.Name} {weight.ToArray()[0]}"));
    }

    [Fact]
    public void A_missing_file_or_tensor_of_several_is_named()
    {
        Shard("model-1.safetensors", "a", 1);
        string path = List(("a", "model-1.safetensors"), ("b", "model-2.safetensors"));
        Assert.Contains("model-2.safetensors", Refused(path), StringComparison.Ordinal);
        path = List(("a", "model-1.safetensors"), ("b", "model-1.safetensors"));
        Assert.Contains("'b' is not in model-1.safetensors", Refused(path), StringComparison.Ordinal);
        path = List(("a", "../model-1.safetensors"));
        Assert.Contains("no file beside the list", Refused(path), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_in_another_file_or_in_two_or_in_none_of_the_list_is_named()
    {
        Shard("model-1.safetensors", "a", 1);
        Shard("model-2.safetensors", "b", 2);
        Assert.Contains("'a' is not in model-2.safetensors, where the list has it, but in model-1.safetensors",
            Refused(List(("a", "model-2.safetensors"), ("b", "model-1.safetensors"))), StringComparison.Ordinal);
        Shard("model-2.safetensors", "a", 3);
        Shard("model-3.safetensors", "b", 3);
        Assert.Contains("'a' is in model-1.safetensors and in model-2.safetensors",
            Refused(Write("model.safetensors.index.json", """
                {"weight_map": {"a": "model-1.safetensors", "c": "model-2.safetensors"}}
                """u8.ToArray())), StringComparison.Ordinal);
        Assert.Contains("lists 'a' twice, in model-1.safetensors and in model-2.safetensors",
            Refused(Write("model.safetensors.index.json", """
                {"weight_map": {"a": "model-1.safetensors", "a": "model-2.safetensors"}}
                """u8.ToArray())), StringComparison.Ordinal);
        using FileStream more = File.Create(Path.Combine(_folder, "model-3.safetensors"));
        SafetensorsWriter.Write(more, [Weight.Of("b", WeightType.F32, [1], [2]), Weight.Of("z", WeightType.F32, [1],
            [9])], new Dictionary<string, string>());
        more.Dispose();
        using WeightFile file = WeightFiles.Open(List(("a", "model-1.safetensors"), ("b", "model-3.safetensors")));
        Assert.Equal(["a", "b"], file.Weights.Select(weight => weight.Name));
        Assert.Equal(["z (not in the list)"], file.PassedOver);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"weight_map\": {}}")]
    [InlineData("{\"weight_map\": []}")]
    [InlineData("{\"weight_map\": {\"a\": 7}}")]
    [InlineData("{\"weight_map\": {\"a\": null}}")]
    [InlineData("{\"weight_map\": {\"a\": \"\"}}")]
    [InlineData("{\"weight_map\": {\"a\": \"..\"}}")]
    [InlineData("{\"weight_map\": {\"a\": \"/etc/passwd\"}}")]
    [InlineData("{\"weight_map\": {\"a\": \"below/model.safetensors\"}}")]
    [InlineData("{\"weight_map\": {\"a\": \"model.safetensors.index.json\"}}")]
    [InlineData("{\"weight_map\": {\"a\": \"x\u0000y\"}}")]
    [InlineData("{\"weight_map\"")]
    public void Lists_that_are_none_are_a_sentence(string list) => Assert.StartsWith(
        Path.Combine(_folder, "model.safetensors.index.json") + ": ",
        Refused(Write("model.safetensors.index.json", Encoding.UTF8.GetBytes(list))), StringComparison.Ordinal);

    [Fact]
    public void Metadata_may_be_null()
    {
        byte[] head = Encoding.UTF8.GetBytes(
            """{"__metadata__":null,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""");
        string path = Write("x.safetensors", [.. BitConverter.GetBytes((long)head.Length), .. head, 0, 0, 0x80, 0x3F]);
        using WeightFile file = WeightFiles.Open(path);
        Assert.Equal(1f, Assert.Single(file.Weights).ToArray()[0]);
    }

    [Theory]
    [InlineData("numpy.core.multiarray", "scalar")]
    [InlineData("numpy.random._pickle", "__generator_ctor")]
    [InlineData("pathlib", "PosixPath")]
    [InlineData("datetime", "datetime")]
    [InlineData("builtins", "set")]
    public void Plain_values_beside_weights_are_passed_over_and_named(string module, string name)
    {
        byte[] pickle = new Pickler().Dict(
            ("a", p => p.Tensor("0", 1, 0, [1], [1])),
            ("other", p => p.Raw([(byte)'c', .. Encoding.ASCII.GetBytes($"{module}\n{name}\n"), (byte)')', (byte)'R'])))
                .ToArray();
        string path = Write("x.pth", TorchFiles.Zip(pickle, [("0", TorchFiles.Floats(7))]));
        using WeightFile file = WeightFiles.Open(path);
        Assert.Equal(7f, Assert.Single(file.Weights).ToArray()[0]);
        Assert.Equal([$"{module}.{name}"], file.PassedOver);
    }

    [Theory]
    [InlineData("os", "system")]
    [InlineData("builtins", "eval")]
    [InlineData("builtins", "getattr")]
    [InlineData("subprocess", "Popen")]
    public void What_could_run_is_refused(string module, string name)
    {
        byte[] pickle = new Pickler().Dict(
            ("a", p => p.Tensor("0", 1, 0, [1], [1])),
            ("other", p => p.Raw([(byte)'c', .. Encoding.ASCII.GetBytes($"{module}\n{name}\n"), (byte)')', (byte)'R'])))
                .ToArray();
        string path = Write("x.pth", TorchFiles.Zip(pickle, [("0", TorchFiles.Floats(7))]));
        Assert.Contains($"'{module}.{name}'", Refused(path), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vit.")]
    [InlineData("state_dict.my_net.")]
    [InlineData("classifier.tower.")]
    public void An_attribute_of_any_name_may_hold_the_model(string prefix)
    {
        (string found, NamingScheme scheme) = Wrapping.Find(
            [prefix + "patch_embed.proj.weight", prefix + "blocks.0.norm1.weight", "criterion.weight"]);
        Assert.Equal((prefix, NamingSchemes.Timm), (found, scheme));
    }

    private void Shard(string name, string tensor, float value)
    {
        using FileStream stream = File.Create(Path.Combine(_folder, name));
        SafetensorsWriter.Write(stream, [Weight.Of(tensor, WeightType.F32, [1], [value])],
            new Dictionary<string, string>());
    }

    private string List(params (string Tensor, string File)[] places) => Write("model.safetensors.index.json",
        JsonSerializer.SerializeToUtf8Bytes(new
        {
            weight_map = places.ToDictionary(place => place.Tensor, place => place.File)
        }));

    private string Write(string name, byte[] bytes)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static string Refused(string path) =>
        Assert.Throws<CheckpointException>(() => WeightFiles.Open(path).Dispose()).Message;
}

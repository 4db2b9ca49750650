using System.Text.Json.Nodes;
using Fovea.Core.Formats;
using Fovea.Data;
using Fovea.Training.Checkpoints;
using Fovea.Training.Recipes;
using Fovea.Vision.Weights.Safetensors;

namespace Fovea.Training.Tests.Checkpoints;

public sealed class CheckedHeadTests : IDisposable
{
    private static readonly string[] Values =
        ["-1", "0", "7", "2147483647", "2147483648", "-2147483649", "1e308", "null", "true", "\"\"", "\"x\"", "[]",
            "[null]", "{}", "[[1]]", "\"NaN\""];

    private static readonly DatasetInfo Data = new()
    {
        Name = "shapes",
        Channels = 3,
        Height = 32,
        Width = 32,
        ClassNames = ["a", "b"],
        ClassIds = ["n1", "n2"],
        Normalization = Normalization.ImageNet,
    };

    private static readonly TrainingState State = new()
    {
        Epoch = 2,
        Step = 9,
        BestAccuracy = 0.5,
        BestEpoch = 1,
        ProcessorSeconds = 7,
    };

    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("state", "\"epoch\":2", "\"epoch\":-1", "epoch must be at least 0, got -1.")]
    [InlineData("state", "\"best_epoch\":1", "\"best_epoch\":3", "best_epoch must be 1 to 2, got 3.")]
    [InlineData("state", "\"processor_seconds\":7", "\"processor_seconds\":-7",
        "processor_seconds must be at least 0, got -7.")]
    [InlineData("data", "\"channels\":3", "\"channels\":2147483647", "channels must be 1 or 3, got 2147483647.")]
    [InlineData("data", "[\"a\",\"b\"]", "[]", "the number of class_names must be 1 to 1000000, got 0.")]
    [InlineData("data", "[\"n1\",\"n2\"]", "[\"n1\"]", "class_ids must be as many as class_names (2), got 1.")]
    [InlineData("data", "\"mean\":[", "\"mean\":[0.5,",
        "normalization has 4 means and 3 standard deviations for 3 channels.")]
    [InlineData("data", "\"deviation\":[0.229", "\"deviation\":[0", "a deviation must be above 0, got 0.")]
    public void A_member_that_cannot_be_is_named(string entry, string from, string to, string expected)
    {
        string text = entry == "state" ? JsonText.Line(State) : JsonText.Line(Data);
        Assert.Contains(from, text, StringComparison.Ordinal);
        Exception error = Assert.Throws<CheckpointException>(
            () => HeadWith(entry, text.Replace(from, to, StringComparison.Ordinal)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Contains($"'{entry}'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_a_member_is_the_head_is_read_or_refused()
    {
        Assert.Equal(2, HeadWith("state", JsonText.Line(State)).State.Epoch);
        int refused = 0;
        foreach ((string entry, string text) in ((string, string)[])[("state", JsonText.Line(State)),
            ("data", JsonText.Line(Data))])
            foreach (string changed in Variants(text))
            {
                try
                {
                    HeadWith(entry, changed);
                }
                catch (CheckpointException)
                {
                    refused++;
                }
            }

        Assert.True(refused > 100, $"only {refused} were refused");
    }

    private CheckpointHead HeadWith(string entry, string text)
    {
        Dictionary<string, string> metadata = new()
        {
            ["recipe"] = RecipeFile.Print(Recipe.Default),
            ["data"] = JsonText.Line(Data),
            ["state"] = JsonText.Line(State),
            [entry] = text,
        };
        using (FileStream stream = File.Create(_file)) SafetensorsWriter.Write(stream, [], metadata);
        using SafetensorsReader file = SafetensorsReader.Open(_file);
        return CheckpointReader.HeadOf(file);
    }

    /// <summary>The text with each of its members in turn replaced by each value.</summary>
    private static IEnumerable<string> Variants(string json)
    {
        int count = Members(JsonNode.Parse(json)!).Length;
        for (int i = 0; i < count; i++)
            foreach (string value in Values)
            {
                JsonNode root = JsonNode.Parse(json)!;
                Members(root)[i].ReplaceWith(JsonNode.Parse(value));
                yield return root.ToJsonString();
            }

        foreach (string value in Values) yield return value;
    }

    private static JsonNode[] Members(JsonNode node)
    {
        IEnumerable<JsonNode?> below = node is JsonObject members ? members.Select(member => member.Value)
            : node is JsonArray items ? items : [];
        return [.. below.OfType<JsonNode>().SelectMany(child => Members(child).Prepend(child))];
    }
}

using Fovea.Lab.Studies;

namespace Fovea.Lab.Tests.Studies;

public sealed class ConfigurationTests
{
    [Fact]
    public void A_grid_takes_every_combination_and_its_labels_say_what_varies()
    {
        Assert.Equal(
            ["softmax, epochs 1", "softmax, epochs 2", "linear, epochs 1", "linear, epochs 2"],
            Labels("vary: { attention: [softmax, linear], epochs: [1, 2], model: [vit] }"));
        Assert.Equal(["vit"], Labels("vary: { model: [vit] }"));
        Assert.Equal(["s"], Labels("base: { model: vit }"));
    }

    [Fact]
    public void Combinations_are_left_out_and_added()
    {
        Assert.Equal(
            ["softmax, vit", "linear, vit-cifar", "large", "vitx, epochs 3"],
            Labels(
                """
                vary: { attention: [softmax, linear], model: [vit, vit-cifar] }
                exclude: [{ attention: softmax, model: vit-cifar }, { attention: linear, model: vit }]
                include: [{ name: large, model: vit_small_patch16_224 }, { model: vitx, epochs: 3 }]
                """));
        Assert.Equal(["a"], Labels("include: [{ name: a, model: vit }]"));
    }

    [Fact]
    public void A_published_value_belongs_to_what_its_key_says_and_the_longest_key_wins()
    {
        IReadOnlyList<Configuration> all = Of(
            """
            base: { dataset: cifar10 }
            vary: { attention: [softmax, "performer:features=64,kernel=relu"], lr: [0.1, 0.001] }
            published:
              "attention=softmax": 70
              "attention=softmax,lr=1e-3": 71
              "dataset=cifar10, attention=performer:features=64,kernel=relu,lr=0.10": 72
            """);
        Assert.Equal([0.7, 0.71, 0.72, null], all.Select(one => one.Published));
    }

    [Theory]
    [InlineData("vary: {model: [vit]}\npublished: {model=vot: 50}",
        "line 2, column 13: 'model=vot' belongs to no configuration of the study; they are model=vit.")]
    [InlineData("vary: {model: [vit]}\nexclude: [{model: vitx}]",
        "line 2, column 19: 'exclude' names a combination that the grid does not have")]
    [InlineData("vary: {model: [vit]}\nexclude: [{model: vit}]", "'exclude' leaves nothing")]
    [InlineData("vary: {model: [vit]}\ninclude: [{model: vit}]", "there are two configurations 'vit'")]
    [InlineData(
        "vary: {epochs: [1,2,3,4,5,6,7,8,9,10], batch-size: [1,2,3,4,5,6,7,8,9,10], train-limit: "
            + "[1,2,3,4,5,6,7,8,9,10], eval-limit: [1,2,3,4,5,6,7,8,9,10], log-every: [1, 2]}",
            "2E+04 runs are more than 10,000")]
    public void What_fits_nothing_is_an_error(string yaml, string message) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => Of(yaml)).Message, StringComparison.Ordinal);

    private static IReadOnlyList<Configuration> Of(string yaml) => Configuration.Of(StudyFile.Parse(yaml, "s.yaml"));

    private static IEnumerable<string> Labels(string yaml) => Of(yaml).Select(one => one.Label);
}

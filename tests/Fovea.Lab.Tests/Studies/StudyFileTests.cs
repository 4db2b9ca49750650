using Fovea.Lab.Studies;

namespace Fovea.Lab.Tests.Studies;

public sealed class StudyFileTests
{
    [Fact]
    public void A_study_reads_with_values_that_hold_colons_and_commas()
    {
        Study study = StudyFile.Parse(
            """
            name: attention
            base: { dataset: shapes, epochs: 2, batch-size: 128 }      # any option of `train`, same names
            vary: { attention: [softmax, "performer:features=64,kernel=relu"], model: [vit, vit-cifar],
                    betas: [[0.9, 0.99], "0.9,0.999"] }
            seeds: [0, 1, 2]
            published: { "attention=softmax": 75.83 }
            """, "s.yaml");

        Assert.Equal("attention", study.Name);
        Assert.Equal(["dataset=shapes", "epochs=2", "batch-size=128"],
            study.Base.Select(setting => setting.ToString()));
        Assert.Equal(["attention", "model", "betas"], study.Vary.Select(axis => axis.Field.Name));
        Assert.Equal(["softmax", "performer:features=64,kernel=relu"],
            study.Vary[0].Values.Select(value => value.Value));
        Assert.Equal(["0.9,0.99", "0.9,0.999"], study.Vary[2].Values.Select(value => value.Value));
        Assert.Equal([0ul, 1, 2], study.Seeds);
        Assert.Equal(0.7583, study.Published.Single().Accuracy, 12);
    }

    [Theory]
    [InlineData("base: {epochs: 2}\nvari: {model: [vit]}",
        "s.yaml, line 2, column 1: a study has no key 'vari'; did you mean 'vary'?")]
    [InlineData("epochs: 2",
        "s.yaml, line 1, column 1: a study has no key 'epochs'; 'epochs' is an option of 'train' and belongs under "
            + "'base' or 'vary'.")]
    [InlineData("base:\n  epoch: 2", "s.yaml, line 2, column 3: 'train' has no option 'epoch'; did you mean 'epochs'?")]
    [InlineData("base:\n  epochs: two",
        "s.yaml, line 2, column 11: epochs: 'two' is not a whole number from 1 to 1000000")]
    [InlineData("base: {seed: 3}", "line 1, column 14: 'seed' cannot be set here: a study has 'seeds'")]
    [InlineData("name: ../../x", "line 1, column 7: a study's name is that of its folder")]
    [InlineData("name: /tmp/x", "a study's name is that of its folder")]
    [InlineData("name: 'a\\b'", "a study's name is that of its folder")]
    [InlineData("name: ..", "a study's name is that of its folder")]
    [InlineData("vary: {model: vit}", "line 1, column 15: 'model' needs a list")]
    [InlineData("vary: {model: []}", "'model' has no values")]
    [InlineData("vary: {epochs: [2, 02]}", "line 1, column 20: '2' is given twice")]
    [InlineData("vary: {model: [vit]}\nbase: {model: vit}", "line 2, column 15: 'model' is in 'base' and in 'vary'")]
    [InlineData("seeds: [0, 1, 0]", "line 1, column 15: the seed 0 is given twice")]
    [InlineData("seeds: 3", "line 1, column 8: 'seeds' needs a list")]
    [InlineData("seeds: [-1]", "'-1' is no seed")]
    [InlineData("published: {a: 0.7583}", "line 1, column 16: '0.7583' is no accuracy in percent")]
    [InlineData("base: {lr: 1, learning-rate: 2}", "'learning-rate' is given twice")]
    [InlineData("base: [1]", "line 1, column 7: 'base' holds options")]
    [InlineData("- a", "s.yaml, line 1, column 1: a study is a list of 'key: value' lines.")]
    [InlineData("", "s.yaml: the study is empty")]
    [InlineData("base: {epochs: 2}\n---\nseeds: [1]", "s.yaml, line 2: a second document begins; a study is one.")]
    [InlineData("base: {weights: ~}", "weights: '~' is no value; write none")]
    [InlineData("base: {epochs: 2", "s.yaml, line 2, column 1: not valid YAML")]
    public void A_mistake_is_named_with_its_place(string yaml, string message) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => StudyFile.Parse(yaml, "s.yaml")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Deep_nesting_is_no_problem() =>
        Assert.Throws<UsageException>(() => StudyFile.Parse("base: " + new string('[', 100_000), "s.yaml"));
}

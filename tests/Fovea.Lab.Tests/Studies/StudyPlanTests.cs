using Fovea.Data;
using Fovea.Data.Datasets.Shapes;
using Fovea.Lab.Studies;
using Fovea.Lab.Tests.Support;
using Fovea.Training.Recipes;

namespace Fovea.Lab.Tests.Studies;

public sealed class StudyPlanTests
{
    public static TheoryData<string> Published { get; } = [.. RecipeFolder.Studies()];

    [Theory]
    [MemberData(nameof(Published))]
    public void Every_cell_of_a_study_in_recipes_can_be_trained(string name)
    {
        string path = Path.Combine(RecipeFolder.Folder(), name);
        Study study = StudyFile.Read(path);
        StudyPlan plan = StudyPlan.Resolve(study, "out", recipe => InfoOf(recipe.Data.Dataset!),
            looksAtWeights: false);

        Assert.Contains($"fovea compare recipes/{name}", File.ReadAllText(path), StringComparison.Ordinal);
        Assert.Equal(plan.Configurations.Count * study.Seeds.Count,
            plan.Cells.Select(cell => cell.Name.ToUpperInvariant()).Distinct().Count());
        Assert.All(plan.Cells, cell => Assert.Equal(cell.Configuration.Of(study, RecipeFields.Find("dataset")!)!.Value,
            cell.Recipe.Data.Dataset));
    }

    [Fact]
    public void Cells_of_one_seed_share_everything_but_what_varies()
    {
        StudyPlan plan = TinyStudy.Plan("out");
        Assert.Equal(["softmax_seed=0", "linear_seed=0", "softmax_seed=1", "linear_seed=1"],
            plan.Cells.Select(cell => cell.Name));
        Assert.Equal(["attention", "out"], Different(plan.Cells[0].Recipe, plan.Cells[1].Recipe));
        Assert.Equal(["seed", "out"], Different(plan.Cells[0].Recipe, plan.Cells[2].Recipe));
    }

    [Fact]
    public void Different_models_start_from_the_same_budget()
    {
        StudyPlan plan = TinyStudy.Plan("out", "base: { dataset: shapes }\nvary: { model: [vit-nano, vit] }");
        Assert.Equal(plan.Cells[0].Recipe.Optimisation, plan.Cells[1].Recipe.Optimisation);
        Assert.Equal(ModelDefaults.Of("vit-nano").Optimisation,
            TinyStudy.Plan("out", "base: { dataset: shapes, model: vit-nano }").Cells[0].Recipe.Optimisation);
    }

    [Fact]
    public void Each_optimiser_starts_from_what_suits_it_unless_the_study_says()
    {
        StudyPlan plan = TinyStudy.Plan("out",
            "base: { dataset: shapes, model: vit-nano, weight-decay: 0.02 }\nvary: { optimizer: [lars, adamw, lamb] }");
        Assert.Equal([1, 2e-3, 2e-3], plan.Cells.Take(3).Select(cell => cell.Recipe.Optimisation.LearningRate));
        Assert.Equal([1e-8, 1e-8, 1e-6], plan.Cells.Take(3).Select(cell => cell.Recipe.Optimisation.Epsilon));
        Assert.All(plan.Cells, cell => Assert.Equal(0.02, cell.Recipe.Optimisation.WeightDecay));
    }

    [Fact]
    public void Impossible_combinations_are_named_each_with_its_reason_and_place()
    {
        string message = Assert.Throws<UsageException>(() => TinyStudy.Plan("out",
            """
            base: { dataset: shapes, model: vit-nano }
            vary:
              patch-size: [4, 5]
              attention: [softmax, sofmax]
            """)).Message;
        Assert.Contains("3 of 4 configurations cannot be trained; nothing was started.", message,
            StringComparison.Ordinal);
        Assert.Contains("tiny.yaml, line 4, column 24: 'patch-size 4, sofmax'", message, StringComparison.Ordinal);
        Assert.Contains("'patch-size 5, softmax'", message, StringComparison.Ordinal);
        Assert.Contains("did you mean 'softmax'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_each_models_own_are_given_by_override()
    {
        StudyPlan plan = StudyPlan.Resolve(StudyFile.Parse(Overrides, "tiny.yaml"), "out", _ => ShapesDataset.Info,
            looksAtWeights: false);
        Assert.Equal(["a.safetensors|0.0005", "b.safetensors|0.001", "c.safetensors|0.002"], plan.Cells
            .Select(cell => $"{cell.Recipe.Model.Weights}|{RecipeFields.Find("lr")!.Read(cell.Recipe)}"));
        Assert.Equal(["vit-nano", "vit", "own"], plan.Configurations.Select(one => one.Label));

        Study given = StudyFile.Parse(Overrides, "tiny.yaml").With([Setting.Read("weights", "mine", "--weights")]);
        Assert.Equal(["mine|0.0005", "mine|0.001", "c.safetensors|0.002"], StudyPlan
            .Resolve(given, "out", _ => ShapesDataset.Info, looksAtWeights: false).Cells
            .Select(cell => $"{cell.Recipe.Model.Weights}|{RecipeFields.Find("lr")!.Read(cell.Recipe)}"));
    }

    private const string Overrides =
        """
        base: { dataset: shapes }
        vary: { model: [vit-nano, vit] }
        include: [{ name: own, model: vit-nano, weights: c.safetensors, lr: 0.002 }]
        override:
          - { when: { model: vit-nano }, weights: a.safetensors, lr: 0.0005 }
          - { when: { model: vit, dataset: shapes }, weights: b.safetensors }
        """;

    [Theory]
    [InlineData("override: [{ when: { model: vitl }, lr: 1 }]", "'override' is for no configuration of the study")]
    [InlineData("override: [{ when: { model: vit }, model: vitl }]", "'model' varies; 'override' can set what does")]
    [InlineData("override: [{ lr: 1 }]", "an entry of 'override' says 'when: { option: value }'")]
    [InlineData("override: [{ when: { model: vit } }]", "an entry of 'override' says 'when: { option: value }'")]
    [InlineData("override: [{ when: vit, lr: 1 }]", "'when' holds options as 'name: value'")]
    public void An_override_that_means_nothing_is_refused_with_its_place(string line, string message)
    {
        UsageException error = Assert.Throws<UsageException>(() => TinyStudy.Plan("out",
            "base: { dataset: shapes }\nvary: { model: [vit-nano, vit] }\n" + line));
        Assert.Contains(message, error.Message);
        Assert.StartsWith("tiny.yaml, line 3, column ", error.Message);
    }

    [Fact]
    public void One_file_for_models_that_it_does_not_fit_is_refused_with_what_to_do()
    {
        using TemporaryFolder folder = new();
        const string Yaml =
            """
            base: { dataset: shapes, image-size: 8, train-limit: 16, eval-limit: 16, batch-size: 16, epochs: 1 }
            vary: { model: [vit-nano, vit] }
            """;
        StudyPlan first = TinyStudy.Plan(folder.Path, Yaml.Replace("[vit-nano, vit]", "[vit-nano]"));
        Assert.Empty(new TinyStudy().Run(first));

        Study study = StudyFile.Parse(Yaml, "tiny.yaml")
            .With([Setting.Read("weights", first.Cells[0].Run.Path, "--weights")]);
        UsageException error = Assert.Throws<UsageException>(() =>
            StudyPlan.Resolve(study, "out", _ => ShapesDataset.Info));
        Assert.Contains("1 of 2 configurations cannot be trained", error.Message);
        Assert.Contains("'vit': weights: ", error.Message);
        Assert.Contains("give each model its own by `override`", error.Remedy);

        StudyPlan own = TinyStudy.Plan("out", Yaml + "\noverride: [{ when: { model: vit-nano }, weights: "
            + $"'{first.Cells[0].Run.Path}' }}]");
        Assert.Equal([first.Cells[0].Run.Path, null], own.Cells.Select(cell => cell.Recipe.Model.Weights));
    }

    [Fact]
    public void Names_of_directories_are_portable_and_different()
    {
        StudyPlan plan = TinyStudy.Plan("out",
            "base: { dataset: shapes }\nvary: { attention: [\"performer:features=16,kernel=relu\", "
                + "\"performer:kernel=relu,features=16\"], augment: [\"none\", \"hflip\", \"HFLIP\"] }"
            .Replace("\"HFLIP\"", "\"vflip\""));
        string[] names = [.. plan.Cells.Select(cell => cell.Name)];
        Assert.Equal(names.Length, names.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.All(names, name => Assert.Matches("^[A-Za-z0-9._=-]{1,150}$", name));
    }

    [Fact]
    public void Options_of_the_command_line_go_over_the_base_but_not_over_what_varies()
    {
        Study study = StudyFile.Parse(TinyStudy.Yaml, "tiny.yaml");
        Study changed = study.With([Setting.Read("epochs", "7", "--epochs")]);
        Assert.All(StudyPlan.Resolve(changed, "out", _ => ShapesDataset.Info).Cells,
            cell => Assert.Equal(7, cell.Recipe.Optimisation.Epochs));
        Assert.Contains("varies 'attention'",
            Assert.Throws<UsageException>(() =>
                study.With([Setting.Read("attention", "linear", "--attention")])).Message, StringComparison.Ordinal);
    }

    private static IEnumerable<string> Different(Recipe a, Recipe b) =>
        RecipeFields.All.Where(field => field.Read(a) != field.Read(b)).Select(field => field.Name);

    /// <summary>What the named datasets are, without their files.</summary>
    private static DatasetInfo InfoOf(string name) => name switch
    {
        "shapes" => ShapesDataset.Info,
        "mnist" => Info(name, channels: 1, size: 28, classes: 10),
        "cifar100" => Info(name, channels: 3, size: 32, classes: 100),
        "cifar10" => Info(name, channels: 3, size: 32, classes: 10),
        "cats-and-dogs" => Info(name, channels: 3, size: 224, classes: 2),
        _ => throw new ArgumentException($"a study of '{name}' needs its numbers here"),
    };

    private static DatasetInfo Info(string name, int channels, int size, int classes) => new()
    {
        Name = name,
        Channels = channels,
        Height = size,
        Width = size,
        ClassNames = [.. Enumerable.Range(0, classes).Select(i => $"class {i}")],
        Normalization = new([.. Enumerable.Repeat(0.5f, channels)], [.. Enumerable.Repeat(0.25f, channels)]),
    };
}

using Fovea.Data.Transforms;
using Fovea.Nn.Optimization;
using Fovea.Training.Recipes;
using Fovea.Vision.Attention;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Training.Tests.Recipes;

public sealed class RecipeFileTests
{
    [Fact]
    public void Any_recipe_reads_back_from_its_own_yaml_as_it_was()
    {
        Prop.ForAll(Recipes().ToArbitrary(),
            recipe => RecipeFile.Parse(RecipeFile.Print(recipe), "test", Recipe.Default with { }) == recipe)
            .QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("a\r\nb")]
    [InlineData("\n a\u0085b\u2028c\u2029 ")]
    [InlineData("\t\x1b[2J\0\u202e\ufeff")]
    [InlineData("- a: 'b' \"c\" # d")]
    public void Any_text_reads_back_as_it_was(string text)
    {
        Recipe recipe = Recipe.Default with { Run = Recipe.Default.Run with { Out = text } };
        string yaml = RecipeFile.Print(recipe, new Dictionary<string, string> { ["out"] = text + "x" });
        Assert.Equal(text, RecipeFile.Parse(yaml, "test", Recipe.Default).Run.Out);
        Assert.All(RecipeFile.AskedIn(yaml), one => Assert.Equal(("out", text + "x"), (one.Key, one.Value)));
    }

    [Fact]
    public void Yaml_has_one_key_for_every_option_under_the_heading_of_its_section()
    {
        string[] lines = RecipeFile.Print(Recipe.Default).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(RecipeFields.All.Where(field => !field.IsShorthand).Select(field => field.Name),
            lines.Where(line => line[0] != '#').Select(line => line.Split(':')[0]));
        Assert.Equal(RecipeFields.All.Select(field => $"# {field.Section}").Distinct(),
            lines.Where(line => line[0] == '#'));
    }

    [Fact]
    public void What_a_file_leaves_out_stays_as_it_was()
    {
        Recipe recipe = RecipeFile.Parse("# mine\nepochs: 3\nimg_size: 64\nbetas: [0.8, 0.9]\n", "test",
            Recipe.Default);

        Assert.Equal(3, recipe.Optimisation.Epochs);
        Assert.Equal(64, recipe.Model.ImageSize);
        Assert.Equal((0.8, 0.9), recipe.Optimisation.Betas);
        Assert.Equal(Recipe.Default.Optimisation.BatchSize, recipe.Optimisation.BatchSize);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    public void An_empty_file_is_refused(string yaml) =>
        Assert.StartsWith("r.yaml: the recipe is empty", Assert.Throws<UsageException>(() =>
            RecipeFile.Parse(yaml, "r.yaml", Recipe.Default)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("epochs: 3\nbatchsize: 4",
        "r.yaml, line 2: batchsize: there is no such field; did you mean 'batch-size'?")]
    [InlineData("epochs: none", "r.yaml, line 1: epochs: 'none' is not a whole number from 1 to 1000000")]
    [InlineData("\nepochs: 0", "r.yaml, line 2: epochs: '0' is not a whole number from 1 to 1000000")]
    [InlineData("lr: -1", "r.yaml, line 1: lr: '-1' is not a number above 0")]
    [InlineData("lr: nan", "r.yaml, line 1: lr: 'nan' is not a number above 0")]
    [InlineData("dropout: 1", "r.yaml, line 1: dropout: '1' is not a number of at least 0 and below 1, or auto")]
    [InlineData("optimizer: adamm",
        "r.yaml, line 1: optimizer: 'adamm' is not one of adamw, adam, sgd, lamb, lars, lion, adan, "
            + "schedule-free, muon; did you mean 'adamw'?")]
    [InlineData("lr: 1\nlr: 2", "r.yaml, line 2: lr: 'lr' is given twice.")]
    [InlineData("lr: 1\nlearning_rate: 2", "r.yaml, line 2: learning_rate: 'lr' is given twice.")]
    [InlineData("lr: {a: b}", "r.yaml, line 1: lr: needs a value or a list of values.")]
    [InlineData("lr: [[1]]", "r.yaml, line 1: lr: a list may only hold plain values.")]
    [InlineData("- lr", "r.yaml, line 1: a recipe is a list of 'name: value' lines.")]
    [InlineData("model: vit\nepochs: 2\n---\nlr: 1e-3", "r.yaml, line 3: a second document begins; a recipe is one.")]
    [InlineData("weights: null", "r.yaml, line 1: weights: 'null' is no value; write none, or leave the line out for "
        + "the usual one.")]
    [InlineData("epochs: 2\nmean: ~", "r.yaml, line 2: mean: '~' is no value; write none, or leave the line out for "
        + "the usual one.")]
    [InlineData("mean: [124, 116, 104]", "r.yaml, line 1: mean: '124,116,104' is not one number or three separated by "
        + "commas, each a number from 0 to 1 (divide those up to 255 by 255), or auto")]
    [InlineData("std: 255", "r.yaml, line 1: std: '255' is not one number or three separated by "
        + "commas, each a number above 0 and up to 1 (divide those up to 255 by 255), or auto")]
    [InlineData("std: 0", "r.yaml, line 1: std: '0' is not one number or three separated by "
        + "commas, each a number above 0 and up to 1 (divide those up to 255 by 255), or auto")]
    [InlineData("precision: half", "r.yaml, line 1: precision: 'half' is not one of fp32, tf32, bf16, int8; did you "
        + "mean 'bf16'?")]
    [InlineData("quux: &x b\nlr: *x", "r.yaml, line 1: quux: there is no such field")]
    public void A_wrong_file_is_named_with_line_and_field(string yaml, string message) =>
        Assert.Equal(message, Assert.Throws<UsageException>(() =>
            RecipeFile.Parse(yaml, "r.yaml", Recipe.Default)).Message);

    [Theory]
    [InlineData("---\nepochs: 3\n")]
    [InlineData("# mine\n---\nepochs: 3\n...\n")]
    [InlineData("epochs: 3\nmean: 0, 1, 0.5\nstd: 1")]
    [InlineData("epochs: 3\nmodel: 'null'")]
    public void One_document_is_read_however_it_begins_and_ends(string yaml) =>
        Assert.Equal(3, RecipeFile.Parse(yaml, "test", Recipe.Default).Optimisation.Epochs);

    [Theory]
    [InlineData("lr: [1\n")]
    [InlineData("lr: *x\n")]
    [InlineData("lr: \"1\n")]
    [InlineData("? [a]\n: 1")]
    public void Broken_yaml_is_named_with_its_line(string yaml) =>
        Assert.StartsWith("r.yaml, line ",
            Assert.Throws<UsageException>(() => RecipeFile.Parse(yaml, "r.yaml", Recipe.Default)).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_missing_file_is_a_usage_error() =>
        Assert.StartsWith("no/such.yaml: cannot read the recipe",
            Assert.Throws<UsageException>(() => RecipeFile.Read("no/such.yaml", Recipe.Default)).Message,
            StringComparison.Ordinal);

    /// <summary>Recipes with any values in any fields.</summary>
    private static Gen<Recipe> Recipes()
    {
        Gen<int> whole = Gen.Choose(1, 256);   // in the range of every size
        Gen<double> share = Gen.Choose(0, int.MaxValue - 1).Select(n => n / (double)int.MaxValue);
        Gen<double> positive = share.Select(x => Math.Exp(26 * x - 20));
        Gen<string?> text = ArbMap.Default.GeneratorFor<NonEmptyString>()
            .Where(s => s.Get is not ("auto" or "none") && s.Get.All(c => c is >= ' ' and < '\ud800'))
            .Select(s => (string?)s.Get);
        Gen<string?> name = Gen.OneOf(Gen.Constant<string?>(null), text,
            Gen.Elements<string?>("null", "true", "1e3", "~", "# a: b", " x ", "a,b", "C:\\data", "'", "*x", "- y",
                "日本"));
        Gen<int?> optional = Gen.OneOf(Gen.Constant<int?>(null), whole.Select(n => (int?)n));
        Gen<double?> optionalShare = Gen.OneOf(Gen.Constant<double?>(null), share.Select(x => (double?)x));
        return
            from model in name.Where(n => n is not null)
            from attention in Gen.Elements<AttentionList?>(null, "softmax", "sinkhorn:5,softmax",
                "softmax:until=3,window=1/2,linear")
            from augmentation in Gen.Elements<TransformPipeline?>(null, "none", "random-crop:32:padding=4,hflip",
                "rand-augment:ops=3,random-erasing:p=0.25")
            from automatic in Gen.Elements<AutomaticAugmentation?>(null, "ra", "rand-m9-mstd0.5-inc1", "imagenet")
            from size in optional
            from dataset in name
            from directory in name
            from limit in optional
            from shares in optionalShare.Four()
            from epochs in whole
            from optimizer in Gen.Elements(Enum.GetValues<OptimizerKind>())
            from scaling in Gen.Elements(Enum.GetValues<RateScaling>())
            from rates in positive.Two()
            from betas in share.Two()
            from nesterov in Gen.Elements(true, false)
            from schedule in Gen.Elements("cosine", "step:size=30,gamma=0.1")
            from seed in ArbMap.Default.GeneratorFor<ulong>()
            from device in Gen.Elements("cpu", "reference")
            select new Recipe
            {
                Model = new() { Name = model, Attention = attention, ImageSize = size },
                Data = new()
                {
                    Dataset = dataset,
                    Directory = directory,
                    Augmentation = augmentation,
                    ValidationShare = shares.Item1,
                    TrainLimit = limit,
                    EvaluationLimit = size,
                    Workers = limit,
                    AutoAugment = automatic,
                    ColorJitter = shares.Item2,
                    HorizontalFlip = shares.Item3,
                    VerticalFlip = shares.Item4,
                    AugmentRepeats = epochs,
                    CropShare = shares.Item1 > 0 ? shares.Item1 : null,
                    Mean = (Math.Min(1, rates.Item1), Math.Min(1, rates.Item2), 0),
                    Std = nesterov ? null : (Math.Min(1, rates.Item1), Math.Min(1, rates.Item2), 1),
                    ClassCount = size
                },
                Optimisation = new()
                {
                    Epochs = epochs,
                    BatchSize = epochs,
                    Optimizer = optimizer,
                    LearningRate = rates.Item1,
                    WeightDecay = rates.Item2,
                    Betas = betas,
                    Momentum = betas.Item1,
                    Nesterov = nesterov,
                    ClipGradient = nesterov ? null : rates.Item2,
                    RateScaling = scaling,
                    BaseBatch = epochs,
                    TrustCoefficient = rates.Item2,
                    ClipTrust = nesterov,
                    AlwaysAdapt = !nesterov,
                    Beta3 = betas.Item2,
                    Cautious = nesterov,
                    MuonIterations = 1 + epochs % 100,
                    MuonScale = nesterov ? MuonScale.Original : MuonScale.MatchRms,
                },
                Schedule = new() { Form = schedule, WarmupEpochs = rates.Item1, MinimumLearningRate = rates.Item2 },
                Regularisation = new()
                {
                    LabelSmoothing = betas.Item1,
                    Dropout = shares.Item2,
                    DropPath = shares.Item3,
                    EmaDecay = shares.Item4,
                    EmaWarmUp = nesterov ? AverageWarmUp.Power : AverageWarmUp.None,
                    RandomErasing = shares.Item1,
                    ErasingNoise = nesterov,
                    Mixup = rates.Item1,
                    CutMix = rates.Item2,
                    MixProbability = betas.Item2,
                    MixSwitchProbability = betas.Item1
                },
                Run = new()
                {
                    Seed = seed,
                    Device = device,
                    Threads = limit,
                    LogEvery = epochs,
                    CheckpointEvery = size,
                    Out = directory
                },
            };
    }
}

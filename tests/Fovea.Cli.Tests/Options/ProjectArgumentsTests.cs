using System.CommandLine;
using Fovea.Cli.Display;
using Fovea.Cli.Options;
using Fovea.Training.Recipes;
using Fovea.Training.Runs;
using Fovea.Training.Setup;

namespace Fovea.Cli.Tests.Options;

/// <summary>Arguments of the projects' own scripts, one by one, and whole lines.</summary>
public sealed class ProjectArgumentsTests : IDisposable
{
    private readonly Shell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Theory]
    [InlineData("--num_layers 6", "--depth 6")]
    [InlineData("--embed_dim 192", "--dim 192")]
    [InlineData("--num_heads 3", "--heads 3")]
    [InlineData("--num_heads=3", "--heads 3")]
    [InlineData("--dim_feedforward 1536", "--mlp-ratio 4")]
    [InlineData("--embed_dim 256 --dim_feedforward 512", "--dim 256 --mlp-ratio 2")]
    [InlineData("--clip_norm 1", "--clip-grad 1")]
    [InlineData("--clip_norm 0", "--clip-grad none")]
    [InlineData("--step_lr 30", "--schedule step:size=30,gamma=0.9")]
    [InlineData("--gamma_lr 0.5", "--schedule step:size=70,gamma=0.5")]
    [InlineData("--output_dir outputs/a", "--out outputs/a")]
    [InlineData("--attention transformer", "--attention softmax")]
    [InlineData("--attention transformer_timm", "--attention softmax")]
    [InlineData("--attention performer_timm", "--attention performer:features=16")]
    [InlineData("--attention performer --num_orf 64", "--attention performer:features=64")]
    [InlineData("--attention performer_timm --num_orf 32 --kernel relu",
        "--attention performer:features=32,kernel=relu")]
    [InlineData("--attention transformer_timm_base",
        "--attention softmax --model vit_base_patch16_224 --pretrained true")]
    [InlineData("--attention performer_timm_base --pre_trained",
        "--attention performer:features=16 --model vit_base_patch16_224 --pretrained false")]
    [InlineData("--attention transformer_timm_lai --locality_aware_init 5 10 15 20",
        "--attention softmax:lai=sequence,class=band,window=8/12/18/20,until=5/10/15/20")]
    [InlineData("--attention disentangled_transformer --de_attn_type c2p|p2c",
        "--attention disentangled:terms=c2p/p2c,axes=1")]
    [InlineData("--attention disentangled_performer", "--attention disentangled:axes=1,mix=performer,features=16")]
    [InlineData("--attention disentangled_lai_attention --locality_aware_init 1 2 3 4",
        "--attention disentangled:axes=1,lai=sequence,class=band,window=8/12/18/20,until=1/2/3/4")]
    [InlineData("--attention deformable_transformer", "--attention deformable")]
    [InlineData("--attention deformable_performer", "--attention dat:mix=performer,features=16")]
    [InlineData("--n_it 5", "--attention sinkhorn:5")]
    [InlineData("--ps 14", "--patch-size 14")]
    [InlineData("--dataset CIFAR100_224 --num_layers 2", "--dataset CIFAR100 --image-size 224 --depth 2")]
    public void An_argument_becomes_an_option(string given, string expected)
    {
        string[] meant = ProjectArguments.Translate(["train", .. given.Split(' ')], _ => { });
        Assert.Equal(["train", .. expected.Split(' ')], meant);
        Assert.Empty(CommandLine.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, IsInteractive: false),
            CancellationToken.None).Parse(meant).Errors);
    }

    [Theory]
    [InlineData("--wandb_project x")]
    [InlineData("--wandb_entity x")]
    [InlineData("--wandb_group x")]
    [InlineData("--log_dir logs")]
    [InlineData("--saving_name ViT")]
    [InlineData("--save_freq 20")]
    [InlineData("--dataparallel 0,1")]
    public void What_means_nothing_here_is_said(string given)
    {
        List<string> said = [];
        Assert.Equal(["train"], ProjectArguments.Translate(["train", .. given.Split(' ')], said.Add));
        Assert.StartsWith(given.Split(' ')[0] + " changes nothing: ", said[0]);
    }

    [Theory]
    [InlineData("train --model vit_tiny_patch16_224 --attention softmax --heads 3")]
    [InlineData("train --attention performer")]
    [InlineData(
        "train --model vit --epochs 40 --lr 1e-3 --device mps --batch_size 128 --logging_step 50 --img_size 32")]
    [InlineData("eval runs/x --num_heads 3")]
    [InlineData("")]
    public void Lines_that_need_no_translation_stay_as_they_are(string line)
    {
        string[] arguments = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Same(arguments, ProjectArguments.Translate(arguments, said => Assert.Fail(said)));
    }

    [Theory]
    [InlineData(
        "train.py --model vitx --epochs 40 --lr 1e-3 --device cpu --batch_size 128 --logging_step 50 --img_size 32",
        "model=vitx dataset=cifar10 epochs=40 lr=0.001 batch-size=128 log-every=50 image-size=32")]
    [InlineData("train.py --dataset CIFAR10 --attention disentangled_transformer",
        "model=vit-cifar dataset=cifar10 epochs=100 batch-size=128 optimizer=adamw lr=0.0001 weight-decay=0.01 "
            + "schedule=step:gamma=0.9,size=70 warmup-epochs=0 label-smoothing=0.1 dropout=0.1 clip-grad=1 "
            + "image-size=32 "
            + "attention=disentangled:axes=1")]
    [InlineData("vit-pytorch/one_expe.py --n_it 1 --seed 2",
        "model=sinkformer dataset=cats-and-dogs epochs=300 batch-size=64 optimizer=adam lr=3E-05 weight-decay=0 "
            + "attention=sinkhorn:1 seed=2 schedule=multi-step:at=250,gamma=0.1")]
    [InlineData("one_expe_mnist.py --lr 0.001 --ps 14",
        "model=sinkformer-mnist dataset=mnist epochs=45 batch-size=100 lr=0.001 attention=sinkhorn:5 patch-size=14 "
            + "schedule=multi-step:at=34/40,gamma=0.1")]
    public void A_script_keeps_what_it_does_unless_it_is_told(string line, string expected)
    {
        Recipe recipe = RecipeOf(line.Split(' '));
        foreach (string pair in expected.Split(' '))
        {
            string[] parts = pair.Split('=', 2);
            Assert.Equal(parts[1], RecipeFields.Find(parts[0])!.Read(recipe), ignoreCase: true);
        }
    }

    [Fact]
    public void Colours_and_crops_are_those_of_the_script_on_images_of_CIFAR()
    {
        Assert.Equal("hflip,color-jitter:brightness=0.4:contrast=0.4:saturation=0.4,"
            + "random-resized-crop:32:scale=0.7..1:interpolation=bicubic",
            RecipeOf(["train.py", "--dataset", "CIFAR100"]).Data.Augmentation!.ToString());
        Assert.Equal("none", RecipeOf(["train.py"]).Data.Augmentation!.ToString());
        Assert.Equal("hflip", RecipeOf(["train.py", "--augment", "hflip"]).Data.Augmentation!.ToString());
    }

    [Fact]
    public void A_line_of_a_project_trains()
    {
        string run = Path.Combine(_shell.Folder, "run");
        Assert.True(0 == _shell.Run("train.py", "--dataset", "shapes", "--attention", "transformer_timm_lai",
            "--locality_aware_init", "1", "1", "1", "1", "--num_layers", "1", "--embed_dim", "48", "--dim_feedforward",
            "96", "--num_heads", "3", "--epochs", "1", "--batch_size", "16", "--num_workers", "1", "--wandb_project",
            "x", "--patch_size", "8", "--train-limit", "32", "--eval-limit", "16", "--output_dir", run, "--device",
            "cpu"), _shell.Error);
        Recipe recipe = RunRecord.ReadRecipe(new RunDirectory(run));
        Assert.Equal((1, 48, 3, 2.0, 8), (recipe.Model.Depth, recipe.Model.Dim, recipe.Model.Heads,
            recipe.Model.MlpRatio, recipe.Model.PatchSize));
        Assert.Contains("read as: fovea train --dataset shapes", _shell.Error);
        Assert.Contains("--wandb_project changes nothing", _shell.Error);
    }

    [Theory]
    [InlineData("mps")]
    [InlineData("cuda")]
    public void A_device_that_is_not_there_is_refused_with_what_to_do(string device)
    {
        string run = Path.Combine(_shell.Folder, "run");
        int code = _shell.Run("train.py", "--model", "vit", "--dataset", "shapes", "--epochs", "1", "--batch_size",
            "16",
            "--train-limit", "16", "--eval-limit", "16", "--device", device, "--out", run);
        Assert.SkipWhen(code == 0, $"this machine has {device}");
        Assert.Equal(2, code);
        Assert.Contains("fovea: --device: ", _shell.Error);
        Assert.Matches(@"(?s)(PyTorch|cannot use).*\. .*([Ii]nstall|exists|FOVEA_LIBTORCH|devices)", _shell.Error);
        Assert.False(Directory.Exists(run));
    }

    private static Recipe RecipeOf(string[] line)
    {
        ParseResult parsed = CommandLine.CreateRoot(
            new Terminal(TextWriter.Null, TextWriter.Null, IsInteractive: false), CancellationToken.None)
            .Parse(ProjectArguments.Translate(line, _ => { }));
        Assert.Empty(parsed.Errors);
        return RecipeResolver.WithCanonicalNames(RecipeOption.Apply(Recipe.Default,
            parsed.CommandResult.Command.Options.OfType<RecipeOption>(), parsed));
    }
}

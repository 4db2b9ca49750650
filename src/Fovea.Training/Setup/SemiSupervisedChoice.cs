using Fovea.Data;
using Fovea.Data.Codecs.Decoding;
using Fovea.Data.Datasets;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Transforms;
using Fovea.Training.Recipes;

namespace Fovea.Training.Setup;

/// <summary>Rules for training on images with labels and without.</summary>
internal static class SemiSupervisedChoice
{
    /// <summary>Decay of the average that is evaluated, unless a recipe says another (arXiv:2001.07685, table
    /// 4).</summary>
    private const double UsualDecay = 0.999;

    private const double RampUpShare = 0.25;

    /// <summary>Refuses what makes no sense with such training, before anything is read.</summary>
    /// <exception cref="UsageException">Names the field.</exception>
    public static void Require(Recipe recipe)
    {
        SemiSupervisedSection how = recipe.SemiSupervised;
        if (how.Method == SemiMethod.None) return;
        (string Field, bool IsSet, string Sentence)[] rules =
        [
            ("teacher", recipe.Distillation.Teacher is not null,
                "images without labels are learned by the model's own answers; a teacher beside it is not offered."),
            ("bce-loss", recipe.Regularisation.BinaryLoss,
                "the loss of images without labels is about probabilities of one class each; this takes each class by "
                    + "itself."),
            ("optimizer", recipe.Optimisation.Optimizer == OptimizerKind.ScheduleFree,
                "schedule-free AdamW evaluates an average of the weights of its own, and this needs another (`ema`)."),
            ("aug-repeats", recipe.Data.AugmentRepeats > 1,
                "labelled images come as often as the others need; they cannot come in a row as well."),
        ];
        foreach ((string field, bool isSet, string sentence) in rules)
            if (isSet) throw new UsageException(sentence) { Field = field };
        if (recipe.Optimisation.Shards > 1)
            throw new UsageException("a batch with images without labels beside it is not cut into shards.")
            {
                Field = "shards",
                Remedy = "Train it in one process; `grad-accum` saves memory.",
            };
        if (how is { Folder: null, LabelsPerClass: null })
            throw new UsageException("there are no images without labels to learn from.")
            {
                Field = "unlabelled",
                Remedy = "Name a folder of them, or use some labels only with `labels-per-class`.",
            };
    }

    /// <summary>The recipe with what its method leaves open.</summary>
    public static Recipe Resolve(Recipe recipe)
    {
        SemiSupervisedSection how = recipe.SemiSupervised;
        if (how.Method == SemiMethod.None) return recipe;
        RegularisationSection rates = recipe.Regularisation;
        return recipe with
        {
            SemiSupervised = how with
            {
                Ratio = how.UsedRatio,
                Weight = how.UsedWeight,
                Strong = how.Method != SemiMethod.FixMatch ? how.Strong
                    : how.Strong ?? Strong(recipe.Data.Augmentation!),
            },
            Regularisation = rates with { EmaDecay = rates.EmaDecay ?? UsualDecay },
        };
    }

    /// <summary>Epochs in which the weight rises.</summary>
    public static double RampUpEpochs(Recipe recipe) =>
        recipe.SemiSupervised.RampUpEpochs ?? RampUpShare * recipe.Optimisation.Epochs;

    /// <summary>The images whose labels are used, and all that are learned from without.</summary>
    /// <exception cref="UsageException">A class has fewer images than labels are wanted.</exception>
    /// <exception cref="DataException">The folder without labels cannot be read.</exception>
    public static DatasetSplits Divide(Recipe recipe, DatasetSplits data)
    {
        SemiSupervisedSection how = recipe.SemiSupervised;
        IImageDataset all = data.Train;
        if (data.Info.IsMultiLabel && (how.Method != SemiMethod.None || how.LabelsPerClass is not null))
            throw new UsageException("it is made for images of one class each, and these have several (`labels`); "
                + "leave one of the two out.")
            {
                Field = how.Method != SemiMethod.None ? "semi" : "labels-per-class",
            };
        List<string> notes = [.. data.Notes];
        if (how.LabelsPerClass is int count)
        {
            data = data with { Train = Subset.PerClass(all, count, recipe.Run.Seed) };
            notes.Add($"the labels of {data.Train.Count} of {all.Count} training images are used, {count} of each "
                + $"class{(how.Method == SemiMethod.None ? "; the others are left out" : "")}.");
        }

        if (how.Method != SemiMethod.None)
        {
            if (how.Folder is string folder) all = new PooledImages(all, More(recipe, folder, data, notes));
            data = data with { Unlabelled = all };
            notes.Add($"{all.Count} images are learned from without labels, the labelled ones among them.");
        }

        return data with { Notes = notes };
    }

    /// <summary>The listing of all that is learned from.</summary>
    public static PartListing Listing(DatasetSplits data) => PartListing.Of(data.Unlabelled ?? data.Train);

    /// <summary>Steps of an epoch: once through the images without labels, or once through the labelled ones where that
    /// takes more.</summary>
    public static int Steps(Recipe recipe, DatasetSplits data)
    {
        long batch = recipe.Optimisation.BatchSize;
        return (int)Math.Max(Batches(data.Train.Count, batch),
            Batches(data.Unlabelled!.Count, batch * recipe.SemiSupervised.UsedRatio));

        static long Batches(long images, long size) => (images + size - 1) / size;
    }

    /// <summary>Transforms that take files of other sizes than the dataset's, too: those get its size first.</summary>
    /// <param name="recipe">A resolved recipe.</param>
    /// <param name="steps">Transforms of an image.</param>
    /// <param name="data">What the labelled images are.</param>
    public static TransformPipeline Sized(Recipe recipe, TransformPipeline steps, DatasetInfo data)
    {
        if (recipe.SemiSupervised.Folder is null || steps.Steps.Any(step => step is RandomResizedCrop or Resize))
            return steps;
        int side = Math.Min(data.Height, data.Width);
        return new([new Resize(side), new CenterCrop(side), .. steps.Steps]);
    }

    /// <summary>Those of a training image's transforms that keep its colours: crops and mirrors.</summary>
    public static TransformPipeline Weak(TransformPipeline steps) => new(steps.Steps.Where(step => step is RandomCrop
        or RandomResizedCrop or RandomHorizontalFlip or RandomVerticalFlip or CenterCrop or Resize or Pad));

    /// <summary>The weak transforms, two random operations, and a square of up to a quarter of the area cut
    /// out.</summary>
    private static TransformPipeline Strong(TransformPipeline steps) => new(
    [
        .. Weak(steps).Steps, new RandAugment { Magnitude = 10, Std = 5, Fill = 128 },
        new RandomErasing(1) { Scale = (0.02, 0.25), Ratio = (1, 1) },
    ]);

    private static IImageDataset More(Recipe recipe, string folder, DatasetSplits data, List<string> notes)
    {
        DatasetSplits more = UnlabelledFolder.Load(folder, new()
        {
            Copies = recipe.Data.Copies,
            Limits = DecodeLimits.Of(recipe.Data.MaxPixels),
        });
        notes.AddRange(more.Notes);
        IImageDataset images = more.Whole ?? more.Train;
        if (recipe.Data.Copies != CopyPolicy.Keep) images = WithoutHeldOut(images, data, notes);
        return recipe.Data.SkipBad ? new ReadableImages(images) : images;
    }

    /// <summary>The images but for copies of those that choose epochs or give the final figure.</summary>
    private static IImageDataset WithoutHeldOut(IImageDataset images, DatasetSplits data, List<string> notes)
    {
        ILookup<UInt128, (IImageDataset Part, int Place)> heldOut = new[] { data.Validation, data.Test }
            .SelectMany(part => Hashes(part).Index().Where(entry => entry.Item is not null)
                .Select(entry => (Hash: entry.Item!.Value, Part: part, Place: entry.Index)))
            .ToLookup(entry => entry.Hash, entry => (entry.Part, entry.Place));
        if (heldOut.Count == 0) return images;
        UInt128?[] hashes = Hashes(images);
        bool IsHeldOut(int i) => hashes[i] is UInt128 sample && heldOut[sample].Any(other =>
            other.Part.HashOf(other.Place, isWhole: true) == images.HashOf(i, isWhole: true));
        int[] left = [.. Enumerable.Range(0, images.Count).Where(i => !IsHeldOut(i))];
        int copies = images.Count - left.Length;
        if (copies == 0) return images;
        notes.Add($"{copies} of the images without labels {(copies == 1 ? "is a copy" : "are copies")} of held-out "
            + "ones and left out.");
        return new Subset(images, left);
    }

    private static UInt128?[] Hashes(IImageDataset images)
    {
        UInt128?[] hashes = new UInt128?[images.Count];
        Parallel.For(0, hashes.Length, i => hashes[i] = images.HashOf(i, isWhole: false));
        return hashes;
    }
}

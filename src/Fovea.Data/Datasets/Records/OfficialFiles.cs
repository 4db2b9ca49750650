using System.IO.Compression;
using System.Security.Cryptography;
using Fovea.Data.Datasets.Files;

namespace Fovea.Data.Datasets.Records;

/// <summary>Sizes and checksums under which datasets are published, and what a file that differs is told by. Records
/// that were shifted and labels that were exchanged show nowhere else.</summary>
/// <remarks>
/// Sources of the checksums (MD5): the datasets' own pages and torchvision's lists; those of MNIST's unpacked files
/// were computed from files with the published checksums. A file without one is known by its size.
/// </remarks>
internal static class OfficialFiles
{
    private const string Mnist = "mnist", Fashion = "fashion-mnist", Kuzushiji = "KMNIST", Ten = "cifar10",
        Hundred = "cifar100";

    private static readonly Published[] Known =
    [
        new(Mnist, "train-images", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873", IsPacked: true),
        new(Mnist, "train-labels", 28_881, "d53e105ee54ea40749a09fcbcd1e9432", IsPacked: true),
        new(Mnist, "t10k-images", 1_648_877, "9fb629c4189551a2d022fa330f9573f3", IsPacked: true),
        new(Mnist, "t10k-labels", 4_542, "ec29112dd5afa0611ce80d1b7f02629c", IsPacked: true),
        new(Mnist, "train-images", 47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
        new(Mnist, "train-labels", 60_008, "a25bea736e30d166cdddb491f175f624"),
        new(Mnist, "t10k-images", 7_840_016, "2646ac647ad5339dbf082846283269ea"),
        new(Mnist, "t10k-labels", 10_008, "27ae3e4e09519cfbb04c329615203637"),
        new(Fashion, "train-images", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d", IsPacked: true),
        new(Fashion, "train-labels", 29_515, "25c81989df183df01b3e8a0aad5dffbe", IsPacked: true),
        new(Fashion, "t10k-images", 4_422_102, "bef4ecab320f06d8554ea6380940ec79", IsPacked: true),
        new(Fashion, "t10k-labels", 5_148, "bb300cfdad3c16e7a12a480ee83cd310", IsPacked: true),
        new(Fashion, "train-images", 47_040_016, null),
        new(Fashion, "train-labels", 60_008, null),
        new(Fashion, "t10k-images", 7_840_016, null),
        new(Fashion, "t10k-labels", 10_008, null),
        new(Kuzushiji, "train-images", null, "bdb82020997e1d708af4cf47b453dcf7", IsPacked: true),
        new(Kuzushiji, "train-labels", null, "e144d726b3acfaa3e44228e80efcd344", IsPacked: true),
        new(Kuzushiji, "t10k-images", null, "5c965bf0a639b31b8f53240b1b52f4d7", IsPacked: true),
        new(Kuzushiji, "t10k-labels", null, "7320c461ea6c1c855c0b718fb2a4b134", IsPacked: true),
        new(Ten, "cifar-10-binary.tar", 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530", IsPacked: true),
        new(Ten, "cifar-10-python.tar", 170_498_071, "c58f30108f718f92721af3b95e74349a", IsPacked: true),
        new(Ten, "data_batch_1.bin", 30_730_000, null),
        new(Ten, "data_batch_2.bin", 30_730_000, null),
        new(Ten, "data_batch_3.bin", 30_730_000, null),
        new(Ten, "data_batch_4.bin", 30_730_000, null),
        new(Ten, "data_batch_5.bin", 30_730_000, null),
        new(Ten, "test_batch.bin", 30_730_000, null),
        new(Ten, "data_batch_1", null, "c99cafc152244af753f735de768cd75f"),
        new(Ten, "data_batch_2", null, "d4bba439e000b95fd0a9bffe97cbabec"),
        new(Ten, "data_batch_3", null, "54ebc095f3ab1f0389bbae665268c751"),
        new(Ten, "data_batch_4", null, "634d18415352ddfa80567beed471001a"),
        new(Ten, "data_batch_5", null, "482c414d41f54cd18b22e5b47cb7c3cb"),
        new(Ten, "test_batch", null, "40351d587109b95175f43aff81a1287e"),
        new(Hundred, "cifar-100-binary.tar", 168_513_733, "03b5dce01913d631647c71ecec9e9cb8", IsPacked: true),
        new(Hundred, "cifar-100-python.tar", null, "eb9058c3a382ffc7106e4002c42a8d85", IsPacked: true),
        new(Hundred, "train.bin", 153_700_000, null),
        new(Hundred, "test.bin", 30_740_000, null),
        new(Hundred, "train", null, "16019d7e3df5f24257cddd939b257f8d"),
        new(Hundred, "test", null, "f0ef6b0ae62326f3e7ffdfab6717acfc"),
    ];

    /// <summary>One sentence about the files that are not the published ones; null where all are, or cannot be
    /// told.</summary>
    /// <param name="dataset">In the catalogue.</param>
    /// <param name="files">Each with the name, up to its endings, under which it is published.</param>
    public static string? Note(string dataset, IReadOnlyList<(string Path, string Stem)> files)
    {
        List<string> others = [], wrong = [];
        foreach ((string path, string stem) in files)
        {
            (bool isPacked, long length, Lazy<string> sum) = Look(path);
            Published[] forms = [.. Known.Where(form => form.Stem == stem && form.IsPacked == isPacked)];
            if (forms.Any(form => form.Dataset == dataset && form.Fits(length, sum))) continue;
            if (forms.FirstOrDefault(form => form.Md5 is not null && form.Fits(length, sum)) is { } other)
                others.Add(other.Dataset);
            else if (forms.Any(form => form.Dataset == dataset) && !(isPacked && IsPackedAnew(dataset, stem, path)))
                wrong.Add(Path.GetFileName(path));
        }

        if (others.Count > 0)
            return $"these are files of {others[0]}, not of {dataset}: their classes have other names.";
        return wrong.Count == 0 ? null
            : $"{Listing.Of(wrong)}: not the official {(wrong.Count == 1 ? "file" : "files")} of {dataset} (by size or "
                + "checksum); records or labels may differ.";
    }

    /// <summary>One sentence where as many records as are published have other numbers of each class; null where not,
    /// or where there are other numbers of records.</summary>
    /// <param name="dataset">In the catalogue; one whose classes are all of one size.</param>
    /// <param name="part">The images.</param>
    /// <param name="count">As many as are published.</param>
    public static string? NoteOnClasses(string dataset, IImageDataset part, int count)
    {
        if (part.Count != count) return null;
        int[] counts = new int[part.Info.Classes];
        for (int i = 0; i < count; i++) counts[part.Label(i)]++;
        int wrong = Array.FindIndex(counts, images => images != count / counts.Length);
        return wrong < 0 ? null
            : $"not the official files of {dataset}: the class {part.Info.ClassNames[wrong]} has {counts[wrong]} of "
                + $"{count} images, where {count / counts.Length} are published; labels or records may be exchanged.";
    }

    /// <summary>True for a file of KMNIST as it is published, whose files have MNIST's names.</summary>
    public static bool IsKuzushiji(string path, string stem)
    {
        (bool isPacked, _, Lazy<string> sum) = Look(path);
        return isPacked && Known.Any(form => form.Dataset == Kuzushiji && form.Stem == stem && form.Md5 == sum.Value);
    }

    private static (bool IsPacked, long Length, Lazy<string> Sum) Look(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            bool isPacked = file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
            return (isPacked, file.Length, new(() => SumOf(path)));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: cannot be read: {error.Message}", error);
        }
    }

    /// <summary>True where the published contents were packed by another program.</summary>
    private static bool IsPackedAnew(string dataset, string stem, string path)
    {
        Published? contents = Array.Find(Known, form => form.Dataset == dataset && form.Stem == stem && !form.IsPacked
            && form.Md5 is not null);
        if (contents is null) return false;
        using GZipStream unpacked = new(File.OpenRead(path), CompressionMode.Decompress);
        try
        {
            return contents.Md5 == SumOf(unpacked);
        }
        catch (InvalidDataException)
        {
            return false;   // reading it says more
        }
    }

    private static string SumOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        return SumOf(file);
    }

    private static string SumOf(Stream stream)
    {
#pragma warning disable CA5351 // MD5 is what the datasets' authors publish; it guards against damage.
        return Convert.ToHexStringLower(MD5.HashData(stream));
#pragma warning restore CA5351
    }

    /// <param name="Dataset">Whose file it is.</param>
    /// <param name="Stem">Its name, up to its endings.</param>
    /// <param name="Length">Bytes; null where only the checksum is known.</param>
    /// <param name="Md5">Null where only the size is known.</param>
    /// <param name="IsPacked">By gzip.</param>
    private sealed record Published(string Dataset, string Stem, long? Length, string? Md5, bool IsPacked = false)
    {
        public bool Fits(long length, Lazy<string> sum) =>
            (Length is null || Length == length) && (Md5 is null || Md5 == sum.Value);
    }
}

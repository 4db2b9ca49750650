using Fovea.Data.Datasets;

namespace Fovea.Data.Downloads;

/// <summary>Datasets that can be downloaded: addresses, lengths and checksums, all in one table.</summary>
/// <remarks>
/// CIFAR and Fashion-MNIST lie with their authors. MNIST's own site no longer gives the files out; the copy is the one
/// that torchvision uses, with the original checksums.
/// </remarks>
public static class DownloadCatalogue
{
    private const string MnistSite = "https://ossci-datasets.s3.amazonaws.com/mnist/",
        CifarSite = "https://www.cs.toronto.edu/~kriz/",
        FashionSite = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/";

    private static readonly (string Dataset, RemoteFile[] Files)[] Known =
    [
        ("mnist",
        [
            At(MnistSite, "train-images-idx3-ubyte.gz", 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            At(MnistSite, "train-labels-idx1-ubyte.gz", 28_881, "d53e105ee54ea40749a09fcbcd1e9432"),
            At(MnistSite, "t10k-images-idx3-ubyte.gz", 1_648_877, "9fb629c4189551a2d022fa330f9573f3"),
            At(MnistSite, "t10k-labels-idx1-ubyte.gz", 4_542, "ec29112dd5afa0611ce80d1b7f02629c"),
        ]),
        ("fashion-mnist",
        [
            At(FashionSite, "train-images-idx3-ubyte.gz", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            At(FashionSite, "train-labels-idx1-ubyte.gz", 29_515, "25c81989df183df01b3e8a0aad5dffbe"),
            At(FashionSite, "t10k-images-idx3-ubyte.gz", 4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
            At(FashionSite, "t10k-labels-idx1-ubyte.gz", 5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
        ]),
        ("cifar10", [At(CifarSite, "cifar-10-binary.tar.gz", 170_052_171, "c32a1d4ab5d03f1284b67883e8d87530")]),
        ("cifar100", [At(CifarSite, "cifar-100-binary.tar.gz", 168_513_733, "03b5dce01913d631647c71ecec9e9cb8")]),
    ];

    /// <summary>Names of the datasets.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(entry => entry.Dataset)];

    /// <summary>The files of a dataset.</summary>
    /// <param name="dataset">Its name in the catalogue.</param>
    /// <exception cref="UsageException">It cannot be downloaded.</exception>
    public static IReadOnlyList<RemoteFile> Files(string dataset)
    {
        string name = DatasetCatalogue.IsKnown(dataset) ? DatasetCatalogue.Canonical(dataset) : dataset;
        return Known.FirstOrDefault(entry => entry.Dataset == name).Files ?? throw new UsageException(
            $"dataset '{dataset}' cannot be downloaded.{NearestName.Question(dataset, Names, " Did you mean '{0}'?")} "
                + $"These can: {string.Join(", ", Names)}.");
    }

    private static RemoteFile At(string site, string name, long bytes, string md5) =>
        new(new Uri(site + name), name, bytes, Checksum.Md5(md5));
}

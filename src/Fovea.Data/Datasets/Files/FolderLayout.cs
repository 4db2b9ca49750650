namespace Fovea.Data.Datasets.Files;

/// <summary>Places of the classes of each part in a tree.</summary>
/// <param name="Train">Folder that holds the folders of classes; relative, the root is empty.</param>
/// <param name="Validation">Likewise; null where there is none.</param>
/// <param name="Test">Likewise.</param>
internal sealed record FolderLayout(string Train, string? Validation, string? Test)
{
    /// <summary>Notes on the choice, a sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Kaggle's and other people's layouts: see <see cref="FolderLayoutReader"/>.</summary>
    /// <param name="tree">The images.</param>
    /// <param name="hasClassFile">True where a file says what the classes are.</param>
    /// <param name="labelled">Folders whose images a file gives classes.</param>
    /// <exception cref="DataException">There are no class folders, or what they are is in doubt.</exception>
    public static FolderLayout Of(ImageTree tree, bool hasClassFile, params string[] labelled) =>
        new FolderLayoutReader(tree, hasClassFile, labelled).Read();
}

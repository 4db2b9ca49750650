namespace Fovea.Data.Datasets.Files;

/// <summary>Files of a store with their classes.</summary>
/// <param name="Entries">Numbers in the store.</param>
/// <param name="Labels">Class of each.</param>
internal sealed record LabelledEntries(int[] Entries, int[] Labels);

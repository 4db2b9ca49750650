namespace Fovea.Core;

/// <summary>How far apart two names are; here, because every layer that looks names up stands on this one.</summary>
public static class EditDistance
{
    /// <summary>Levenshtein distance: letters to insert, delete or replace. Case counts.</summary>
    public static int Between(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];   // row[j]: distance of the first i letters of left to the first j of right
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}

namespace Fovea.Training;

/// <summary>Sequences that may be asked to stop while the next item is waited for.</summary>
internal static class Interruptible
{
    /// <summary>The items up to where a stop was asked for.</summary>
    public static IEnumerable<T> Of<T>(IEnumerable<T> items)
    {
        using IEnumerator<T> each = items.GetEnumerator();
        while (HasNext(each)) yield return each.Current;
    }

    private static bool HasNext<T>(IEnumerator<T> each)
    {
        try
        {
            return each.MoveNext();
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}

namespace Fovea.Core.Options;

/// <summary>Forms of values that may be missing.</summary>
public static class OptionalForms
{
    /// <summary>The same values, or null written as <paramref name="word"/>.</summary>
    public static ValueForm<T?> Or<T>(this ValueForm<T> form, string word)
        where T : struct => new(
        form.Placeholder,
        form.Noun,
        (string text, out T? value) =>
        {
            value = null;
            if (text == word) return true;
            if (!form.TryRead(text, out T read) || !form.Allows(read)) return false;
            value = read;
            return true;
        },
        value => value is T set ? form.Print(set) : word)
        {
            Names = form.Names,
            Expected = $"{form.Expected}, or {word}",
        };

    /// <summary>The same values, or null written as <paramref name="word"/>.</summary>
    public static ValueForm<T?> OrNone<T>(this ValueForm<T> form, string word)
        where T : class => new(
        form.Placeholder,
        form.Noun,
        (string text, out T? value) =>
        {
            value = null;
            return text == word || form.TryRead(text, out value);
        },
        value => value is null ? word : form.Print(value))
        {
            HasParts = form.HasParts,
            Expected = $"{form.Expected}, or {word}",
        };

    /// <summary>The same values, where null stands for nothing given and has no text.</summary>
    internal static ValueForm<T?> OrNull<T>(this ValueForm<T> form)
        where T : struct => new(
        form.Placeholder,
        form.Noun,
        (string text, out T? value) =>
        {
            bool isRead = form.TryRead(text, out T read);
            value = read;
            return isRead;
        },
        value => value is T set ? form.Print(set) : "")
        {
            Names = form.Names,
            Range = form.Range,
            Number = form.Number is null ? null : value => value is T set ? form.Number(set) : form.Range.Low,
        };
}

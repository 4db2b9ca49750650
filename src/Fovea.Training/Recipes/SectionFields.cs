using Fovea.Core.Options;

namespace Fovea.Training.Recipes;

/// <summary>Makes the fields of one section of a recipe.</summary>
/// <param name="Title">Heading of the section.</param>
/// <param name="Get">The section of a recipe.</param>
/// <param name="Put">The recipe with another section.</param>
internal sealed record SectionFields<TSection>(string Title, Func<Recipe, TSection> Get,
    Func<Recipe, TSection, Recipe> Put)
{
    public RecipeField Field<T>(
        string name, ValueForm<T> form, Func<TSection, T> get, Func<TSection, T, TSection> put, string description,
        params string[] aliases) =>
        new(
            name,
            Title,
            recipe => form.Print(get(Get(recipe))),
            (recipe, text) => Put(recipe, put(Get(recipe), form.Read(text))))
        {
            Description = description,
            Form = form,
            Aliases = aliases,
        };
}

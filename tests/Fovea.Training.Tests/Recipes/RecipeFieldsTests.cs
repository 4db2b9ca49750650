using Fovea.Training.Recipes;

namespace Fovea.Training.Tests.Recipes;

public sealed class RecipeFieldsTests
{
    [Fact]
    public void No_two_fields_share_a_name_or_alias()
    {
        string[] names = [.. RecipeFields.All.SelectMany(field => field.Aliases.Prepend(field.Name))];
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    [Fact]
    public void Every_field_reads_what_it_writes_and_says_what_it_does()
    {
        foreach (RecipeField field in RecipeFields.All)
        {
            Assert.Equal(Recipe.Default, field.Write(Recipe.Default, field.Read(Recipe.Default), field.Name));
            Assert.NotEmpty(field.Description);
            Assert.Same(field, RecipeFields.Find(field.Name.Replace('-', '_')));
        }
    }

    [Theory]
    [InlineData("batch_size", "batch-size")]
    [InlineData("logging_step", "log-every")]
    [InlineData("img_size", "image-size")]
    [InlineData("img-size", "image-size")]
    [InlineData("opt", "optimizer")]
    [InlineData("sched", "schedule")]
    [InlineData("smoothing", "label-smoothing")]
    [InlineData("b", "batch-size")]
    [InlineData("aa", "auto-augment")]
    [InlineData("color_jitter", "color-jitter")]
    [InlineData("reprob", "random-erasing")]
    [InlineData("remode", "erasing-value")]
    [InlineData("aug_repeats", "aug-repeats")]
    [InlineData("mixup_switch_prob", "mixup-switch-prob")]
    [InlineData("j", "workers")]
    [InlineData("weight_decay", "weight-decay")]
    [InlineData("opt_betas", "betas")]
    public void Names_of_other_projects_are_understood(string alias, string name) =>
        Assert.Equal(name, RecipeFields.Find(alias)?.Name);
}

using Fovea.Data.Datasets.Records;
using Fovea.Data.Datasets.Splits;
using Fovea.Data.Tests.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Fovea.Data.Tests.Datasets.Splits;

public sealed class SubsetTests
{
    [Fact]
    public void A_balanced_choice_takes_from_all_classes_alike() => Prop.ForAll(
        (from count in Gen.Choose(1, 90)
         from classes in Gen.Choose(1, 9)
         from limit in Gen.Choose(0, 100)
         select (count, classes, limit)).ToArbitrary(),
        ((int Count, int Classes, int Limit) c) =>
        {
            InMemoryDataset dataset = Counting.Dataset(c.Count, classes: c.Classes);
            IImageDataset chosen = Subset.Balanced(dataset, c.Limit, seed: 1);
            int[] perClass = [.. Enumerable.Range(0, chosen.Count).GroupBy(chosen.Label)
                .Select(group => group.Count())];
            return chosen.Count == Math.Min(c.Limit, c.Count)
                && (perClass.Length == 0 || perClass.Max() - perClass.Min() <= 1);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_choice_of_each_class_has_as_many_of_all_and_a_larger_one_holds_it()
    {
        static int[] Choose(int count, ulong seed)
        {
            InMemoryDataset dataset = Counting.Dataset(200, classes: 7);
            Subset subset = Subset.PerClass(dataset, count, seed);
            Assert.All(Enumerable.Range(0, subset.Count).GroupBy(subset.Label), group =>
                Assert.Equal(count, group.Count()));
            return [.. Enumerable.Range(0, subset.Count).Select(subset.SourceIndex)];
        }

        int[] chosen = Choose(4, 1);
        Assert.Equal(28, chosen.Distinct().Count());
        Assert.Equal(chosen.Order(), chosen);
        Assert.Equal(chosen, Choose(4, 1));
        Assert.NotEqual(chosen, Choose(4, 2));
        Assert.Subset(Choose(9, 1).ToHashSet(), chosen.ToHashSet());
        UsageException error = Assert.Throws<UsageException>(() => Choose(29, 1));
        Assert.Equal("labels-per-class", error.Field);
        Assert.Contains("'class 4' has 28", error.Message);
    }

    [Fact]
    public void A_balanced_choice_depends_on_the_seed_alone()
    {
        static int[] Choose(ulong seed)
        {
            Subset subset = Assert.IsType<Subset>(Subset.Balanced(Counting.Dataset(200), 20, seed));
            return [.. Enumerable.Range(0, 20).Select(subset.SourceIndex)];
        }

        Assert.Equal(Choose(1), Choose(1));
        Assert.NotEqual(Choose(1), Choose(2));
        Assert.Equal(Choose(1).Order().Distinct(), Choose(1));
    }

    [Fact]
    public void Holding_out_parts_every_class_and_loses_nothing() => Prop.ForAll(
        (from count in Gen.Choose(1, 200)
         from classes in Gen.Choose(1, 9)
         from share in Gen.Choose(1, 99)
         select (count, classes, share)).ToArbitrary(),
        ((int Count, int Classes, int Share) c) =>
        {
            InMemoryDataset dataset = Counting.Dataset(c.Count, classes: c.Classes);
            (Subset rest, Subset held) = Subset.HoldOut(dataset, c.Share / 100.0, seed: 1);
            IEnumerable<int> all = new[] { rest,
                held }.SelectMany(part => Enumerable.Range(0, part.Count).Select(part.SourceIndex));
            int wantedInAll = (int)Math.Round(c.Share / 100.0 * c.Count);
            // exact but for classes too small to be parted
            bool whole = Math.Abs(held.Count - wantedInAll) <= c.Classes;
            bool shares = Enumerable.Range(0, held.Count).GroupBy(held.Label).All(group =>
            {
                double wanted = c.Share / 100.0 * Enumerable.Range(0, c.Count)
                    .Count(i => dataset.Label(i) == group.Key);
                return Math.Abs(group.Count() - wanted) <= 1;
            });
            return whole && shares && all.Order().SequenceEqual(Enumerable.Range(0, c.Count));
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(0)]
    [InlineData(30)]
    public void Rare_classes_cost_a_frequent_one_nothing(int frequent)
    {
        byte[] labels = [.. Enumerable.Range(0, 31).SelectMany(label =>
            Enumerable.Repeat((byte)label, label == frequent ? 240 : 2))];
        InMemoryDataset dataset = new(Counting.Info(1, 1, 31), new byte[labels.Length], labels);
        (_, Subset held) = Subset.HoldOut(dataset, 0.1, seed: 1);
        Dictionary<int, int> counts = Enumerable.Range(0, held.Count).CountBy(held.Label).ToDictionary();
        Assert.Equal(24, counts[frequent]);
        Assert.Equal(30, counts.Count(entry => entry.Value == 1));
    }

    [Fact]
    public void A_fraction_is_of_every_class_and_grows_with_its_share() => Prop.ForAll(
        (from count in Gen.Choose(1, 200)
         from classes in Gen.Choose(1, 9)
         from share in Gen.Choose(1, 99)
         select (count, classes, share)).ToArbitrary(),
        ((int Count, int Classes, int Share) c) =>
        {
            InMemoryDataset dataset = Counting.Dataset(c.Count, classes: c.Classes);
            Subset part = (Subset)Subset.Fraction(dataset, c.Share / 100.0, seed: 1),
                more = (Subset)Subset.Fraction(dataset, (c.Share + 1) / 101.0, seed: 1);
            int[] chosen = [.. Enumerable.Range(0, part.Count).Select(part.SourceIndex)];
            bool shares = Enumerable.Range(0, Math.Min(c.Classes, c.Count)).All(label =>
            {
                double wanted = c.Share / 100.0 * Enumerable.Range(0, c.Count).Count(i => dataset.Label(i) == label);
                int got = chosen.Count(i => dataset.Label(i) == label);
                return got >= 1 && Math.Abs(got - wanted) <= 1;
            });
            return shares && chosen.Distinct().Count() == chosen.Length
                && chosen.All(Enumerable.Range(0, more.Count).Select(more.SourceIndex).ToHashSet().Contains);
        }).QuickCheckThrowOnFailure();
}

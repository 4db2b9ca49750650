using Fovea.Tensors.Backends.Cpu.Placement;
using FsCheck.Fluent;

namespace Fovea.Tensors.Tests.Backends.Placement;

public sealed class ProcessorListTests
{
    [Fact]
    public void What_Linux_writes_is_read_back() =>
        Prop.ForAll(Gen.Choose(0, 300).ListOf().ToArbitrary(), numbers =>
        {
            int[] expected = [.. numbers.Distinct().Order()];
            return expected.SequenceEqual(ProcessorList.Read(Written(expected) + "\n")!);
        }).Hold();

    [Fact]
    public void Any_text_is_a_list_or_none() =>
        Prop.ForAll(Gen.Elements("0123456789-,- ,\n\0x٣".ToCharArray()).ListOf().ToArbitrary(), letters =>
            ProcessorList.Read(string.Concat(letters)) is not { } numbers
            || numbers.SequenceEqual(numbers.Distinct().Order()) && numbers.All(number => number is >= 0 and < 65536))
            .Hold();

    [Theory]
    [InlineData("3-1")]
    [InlineData("1--3")]
    [InlineData("-1")]
    [InlineData("1-")]
    [InlineData("1,,2")]
    [InlineData("0-4000000000")]
    [InlineData("0-99999999")]
    [InlineData("a")]
    [InlineData("1 2")]
    [InlineData("٣")]   // a digit, of another script
    public void What_is_no_list_is_none(string text) => Assert.Null(ProcessorList.Read(text));

    [Fact]
    public void Nothing_is_an_empty_list() => Assert.Empty(ProcessorList.Read(" \n")!);   // a node without any

    /// <summary>Runs of neighbours as ranges.</summary>
    private static string Written(int[] numbers) => string.Join(',', numbers
        .Select((number, i) => (number, run: number - i)).GroupBy(one => one.run, one => one.number)
        .Select(run => run.Count() == 1 ? $"{run.First()}" : $"{run.First()}-{run.Last()}"));
}

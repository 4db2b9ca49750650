using Fovea.Nn.Schedules;

namespace Fovea.Nn.Tests.Schedules;

public sealed class ScheduleCatalogueTests
{
    public static TheoryData<string> All => [.. ScheduleCatalogue.All.Select(entry => entry.Name)];

    [Theory]
    [MemberData(nameof(All))]
    public void Every_schedule_stays_between_0_and_1_over_the_run_and_after_it(string name)
    {
        Schedule schedule = ScheduleCatalogue.Build($"{name}:warmup=2", totalSteps: 200, stepsPerEpoch: 10);

        for (int step = 0; step < 250; step++) Assert.InRange(schedule.Factor(step), 0, 1);
        Assert.Equal(1.0 / 20, schedule.Factor(0), 1e-12);
        Assert.Equal(1, schedule.Factor(19), 1e-12);
    }

    [Fact]
    public void Lengths_are_in_epochs()
    {
        Schedule step = ScheduleCatalogue.Build("step:size=3,gamma=0.5", 100, 10);
        Assert.Equal([1, 1, 0.5, 0.25], new[] { 0, 29, 30, 60 }.Select(step.Factor));

        Schedule milestones = ScheduleCatalogue.Build("multi-step:at=1.5/4,gamma=0.1", 100, 10);
        Assert.Equal([1, 0.1, 0.1 * 0.1], new[] { 14, 15, 40 }.Select(milestones.Factor));

        Schedule exponential = ScheduleCatalogue.Build("exponential:gamma=0.5", 100, 10);
        Assert.Equal([1, 0.5, 0.25], new[] { 9, 10, 20 }.Select(exponential.Factor));
    }

    [Fact]
    public void Drops_come_at_epochs_of_the_run_as_in_timm()
    {
        Schedule milestones = ScheduleCatalogue.Build("multi-step:at=2/3,gamma=0.1", 40, 10, warmUp: 2);
        Assert.Equal([1, 0.1, 0.1, 0.1 * 0.1], new[] { 19, 20, 29, 30 }.Select(milestones.Factor));
        Schedule usual = ScheduleCatalogue.Build("multi-step", 40, 10, warmUp: 1);   // a half and three quarters
        Assert.Equal([1, 0.1, 0.1, 0.1 * 0.1], new[] { 19, 20, 29, 30 }.Select(usual.Factor));
        Schedule step = ScheduleCatalogue.Build("step:size=3,gamma=0.5", 100, 10, warmUp: 2);
        Assert.Equal([1, 1, 0.5, 0.25], new[] { 20, 29, 30, 60 }.Select(step.Factor));
        Schedule late = ScheduleCatalogue.Build("step:size=3,gamma=0.5", 100, 10, warmUp: 4);
        Assert.Equal([1, 0.5, 0.5, 0.25], new[] { 39, 40, 59, 60 }.Select(late.Factor));

        Assert.Equal([2, 3], ScheduleCatalogue.Drops("multi-step", 4));
        Assert.Equal([30], ScheduleCatalogue.Drops("step", 4));
        Assert.Empty(ScheduleCatalogue.Drops("cosine", 4));
        Assert.Equal((1, 2), (ScheduleCatalogue.WarmUp("step:warmup=1", 2), ScheduleCatalogue.WarmUp("step", 2)));
    }

    [Fact]
    public void A_cosine_fills_what_the_warm_up_leaves()
    {
        Schedule schedule = ScheduleCatalogue.Build("cosine:min=0.01,warmup=1", totalSteps: 100, stepsPerEpoch: 10);

        Assert.Equal(1, schedule.Factor(9), 1e-12);
        Assert.Equal(1, schedule.Factor(10), 1e-12);
        Assert.Equal(0.505, schedule.Factor(55), 1e-12);
        Assert.Equal(0.01, schedule.Factor(100), 1e-12);
    }

    [Fact]
    public void Warm_up_stable_decay_falls_in_the_last_part_of_what_the_warm_up_leaves()
    {
        Schedule line = ScheduleCatalogue.Build("wsd:decay=0.25,end=0.1,warmup=2", totalSteps: 100, stepsPerEpoch: 10);
        Assert.Equal([0.05, 1, 1, 1, 0.55, 0.1, 0.1],
            new[] { 0, 20, 79, 80, 90, 100, 150 }.Select(step => Math.Round(line.Factor(step), 12)));

        Schedule root = ScheduleCatalogue.Build("wsd:shape=sqrt", totalSteps: 100, stepsPerEpoch: 10);
        Assert.Equal([1, 0.5, 0], new[] { 80, 85, 100 }.Select(step => Math.Round(root.Factor(step), 12)));
    }

    [Fact]
    public void Warm_up_from_a_given_factor_is_pytorchs()
    {
        Schedule schedule = ScheduleCatalogue.Build("constant:warmup=5,warmup-start=0.1", 20);

        Assert.Equal([0.1, 0.28, 0.46, 0.64, 0.82, 1],
            Enumerable.Range(0, 6).Select(step => Math.Round(schedule.Factor(step), 12)));
    }

    [Theory]
    [InlineData("cosin", "there is no schedule called 'cosin'; did you mean 'cosine'?")]
    [InlineData("step:sise=3", "did you mean 'size'? There are: size, gamma, warmup, warmup-start.")]
    [InlineData("step:size=three", "option 'size' must be a number, got 'three'")]
    [InlineData("step:size=0", "size must be above 0, got 0")]
    [InlineData("step:size=-1", "size must be above 0, got -1")]
    [InlineData("cosine:min=2", "Cosine schedule: minimum must be 0 to 1, got 2.")]
    [InlineData("cosine:warmup=-1", "warmup must be at least 0")]
    [InlineData("cosine:min", "expected key=value")]
    [InlineData("cosine:min=0,min=1", "option 'min' is given twice")]
    [InlineData("multi-step:at=1/x", "numbers separated by slashes")]
    [InlineData("one-cycle:linear=yes", "must be true or false")]
    [InlineData("cosine-restarts:times=1.5", "must be a whole number")]
    public void Mistakes_are_named(string spec, string message)
    {
        UsageException error = Assert.Throws<UsageException>(() => ScheduleCatalogue.Build(spec, 100, 10));
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void Specs_are_equal_whatever_the_order_of_their_options()
    {
        ScheduleSpec one = "step:size=30, gamma=0.1", other = "step:gamma=0.1,size=30";

        Assert.Equal(one, other);
        Assert.Equal("step:gamma=0.1,size=30", one.ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    public void One_cycle_never_leaves_its_range_however_short(int rise)
    {
        foreach (bool threePhase in new[] { false, true })
        {
            OneCycleSchedule schedule = new(10) { Rise = rise / 10.0, ThreePhase = threePhase };
            for (int step = 0; step < 15; step++)
            {
                Assert.InRange(schedule.Factor(step), 0, 1);
                Assert.InRange(schedule.Momentum(step)!.Value, 0.85, 0.95);
            }
        }
    }
}

using System.Diagnostics;
using System.Text;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Fovea.Training.Runs;
using Microsoft.Playwright;

namespace Fovea.Server.Tests.Studio;

/// <summary>The pages of a studio in a real browser.</summary>
[Trait("Category", "Slow")]
public sealed class BrowserTests(StudioBrowser browser, TwoRuns runs) : IClassFixture<StudioBrowser>,
    IClassFixture<TwoRuns>
{
    private static readonly string First = Link("first"), Second = Link("second");

    public static TheoryData<string, string> Pages => new()
    {
        { "#/", "table tbody tr" },
        { $"#/run?run={First}", ".strip figure, .uplot" },
        { $"#/compare?run={First}&run={Second}", ".uplot" },
        { $"#/image?run={First}&other={Second}", ".drop" },
        { $"#/model?run={First}", "section, .scroll table tbody tr" },
        { $"#/start?from={First}", "textarea" },
        { "#/nothing", "h1" },
        { "#/run?run=nowhere", "h1" },
    };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_is_accessible_and_fits_in_light_and_dark_and_on_a_phone(string address, string there)
    {
        await using RunningStudio studio = await RunningStudio.Start(folder: runs.Folder,
            commands: new((_, _) => ["true"], _ => ["true"]));
        foreach ((ColorScheme scheme, int width) in ((ColorScheme, int)[])[(ColorScheme.Light, 1280),
            (ColorScheme.Dark, 1280), (ColorScheme.Light, 360)])
        {
            await using StudioPage opened = await browser.Open(studio, scheme, width);
            IPage page = opened.Page;
            await page.GotoAsync("/" + address);
            await page.Locator(there).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
            await page.WaitForTimeoutAsync(500);
            AxeResult result = await page.RunAxe();
            Assert.Empty(result.Violations.Select(one =>
                $"{scheme} {width}: {one.Id}: {string.Join(" | ", one.Nodes.Select(node => node.Html))}"));
            Assert.InRange(await page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 0, width);
            Assert.DoesNotContain(opened.Errors, error => !error.Contains("404"));   // Chromium tells of those itself
        }
    }

    [Fact]
    public async Task A_study_is_accessible_too()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        foreach (int seed in (int[])[0, 1])
            studio.Make(Path.Combine("study", "cells", $"softmax_seed={seed}"), $"model: vit-nano\nseed: {seed}\n",
                $$"""{"event":"epoch","epoch":1,"step":3,"val_accuracy":0.{{seed + 5}}}""" + "\n");
        await File.WriteAllTextAsync(Path.Combine(studio.Runs, "study", "status.json"),
            """{"cells":2,"finished":2,"epoch":0,"epochs":0,"paused":false}""", Stop);
        foreach (ColorScheme scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await using StudioPage opened = await browser.Open(studio, scheme);
            await opened.Page.GotoAsync("/");
            await opened.Page.GetByRole(AriaRole.Link, new() { Name = "runs/study", Exact = true }).ClickAsync();
            await Expect(opened.Page.GetByRole(AriaRole.Group, new() { NameRegex = new("^Validation accuracy") }),
                "softmax: 55.0 % at epoch 1");
            Assert.Empty((await opened.Page.RunAxe()).Violations.Select(one => $"{scheme}: {one.Id}"));
            Assert.Empty(opened.Errors);
        }
    }

    [Fact]
    public async Task A_run_is_shown_while_it_is_written_damaged_and_deleted()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        RunDirectory run = studio.Make("a", metrics: RunEndpointsTests.Step(1, 2) + RunEndpointsTests.Step(2, 1.5));
        await using StudioPage opened = await browser.Open(studio);
        IPage page = opened.Page;
        await page.GotoAsync($"/#/run?run={Uri.EscapeDataString("runs/a")}");
        ILocator loss = page.GetByRole(AriaRole.Group, new() { NameRegex = new("^Loss") });
        await Expect(loss, "training: 1.5 at step 2");
        await File.AppendAllTextAsync(run.Metrics, RunEndpointsTests.Step(3, 1.25), Stop);
        await Expect(loss, "training: 1.25 at step 3");
        await loss.FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await Expect(loss, "step 1: training 2");
        await File.WriteAllTextAsync(run.Config, "model: [", Stop);
        await page.GetByText("damaged", new() { Exact = true }).WaitForAsync();
        Directory.Delete(run.Path, recursive: true);
        await page.GetByText("deleted", new() { Exact = true }).WaitForAsync();
        Assert.DoesNotContain(opened.Errors, error => !error.Contains("410"));
    }

    [Fact]
    public async Task Names_are_text_wherever_they_are_shown()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        const string Name = "<img src=x onerror=alert(1)>";
        studio.Make(Name, metrics: RunEndpointsTests.Step(1, 2));
        await using StudioPage opened = await browser.Open(studio);
        IPage page = opened.Page;
        foreach (string address in (string[])["", "run?run=" + Link(Name), $"compare?run={Link(Name)}",
            "image?run=" + Link(Name), "model?run=" + Link(Name)])
        {
            await page.GotoAsync("/#/" + address);
            await page.GetByText(Name).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
            Assert.Equal(0, await page.Locator("main img[src=x]").CountAsync());
        }

        Assert.DoesNotContain(opened.Errors, error => !error.Contains("409"));
    }

    [Fact]
    public async Task The_table_sorts_and_filters_by_keyboard()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        foreach ((string name, string lr) in ((string, string)[])[("a", "0.2"), ("b", "0.1"), ("c", "0.3")])
            studio.Make(name, $"model: vit-nano\nepochs: 4\nlr: {lr}\n");
        await using StudioPage opened = await browser.Open(studio);
        IPage page = opened.Page;
        await page.GotoAsync("/");
        ILocator heading = page.GetByRole(AriaRole.Columnheader, new() { Name = "lr" }).GetByRole(AriaRole.Button);
        await heading.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        Assert.Equal(["runs/b", "runs/a", "runs/c"], await Names(page));
        await page.Keyboard.PressAsync("Enter");   // the focus is where it was
        Assert.Equal(["runs/c", "runs/a", "runs/b"], await Names(page));
        foreach ((string filter, string[] found) in ((string, string[])[])[("lr=0.2", ["runs/a"]),
            ("lr=2e-1 vit", ["runs/a"]), ("lr=0", []), ("epochs=4", ["runs/c", "runs/a", "runs/b"]), ("epochs=40", []),
            ("epochs=4.0 lr=0.3", ["runs/c"]), ("model=vit", []), ("model=vit-nano runs/b", ["runs/b"])])
        {
            await page.GetByLabel("Filter by text").FillAsync(filter);
            Assert.Equal(found, await Names(page));
        }

        await page.GetByLabel("Filter by text").FillAsync("");
        await page.GetByLabel("compare runs/a").CheckAsync();
        await page.GetByLabel("compare runs/b").CheckAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Compare 2 runs" }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new() { Name = "Comparison of 2 runs" }).WaitForAsync();
        Assert.Empty(opened.Errors);
    }

    [Fact]
    public async Task A_comparison_of_no_runs_leads_back_to_the_table()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        await using StudioPage opened = await browser.Open(studio);
        await opened.Page.GotoAsync("/#/compare");
        await opened.Page.GetByRole(AriaRole.Link, new() { Name = "the table of runs" }).ClickAsync();
        await opened.Page.GetByRole(AriaRole.Heading, new() { Name = "Runs", Exact = true }).WaitForAsync();
        Assert.Empty(opened.Errors);
    }

    [Fact]
    public async Task Names_of_any_length_fit_on_a_phone()
    {
        const int Width = 420;
        await using RunningStudio studio = await RunningStudio.Start();
        string name = string.Join('-', Enumerable.Repeat("sinkhorn", 20));
        studio.Make(name);
        await using StudioPage opened = await browser.Open(studio, ColorScheme.Light, Width);
        await opened.Page.GotoAsync($"/#/image?run={Link(name)}");
        await opened.Page.Locator(".bar select").First.WaitForAsync();
        await opened.Page.WaitForTimeoutAsync(500);
        Assert.InRange(await opened.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), 0, Width);
    }

    [Fact]
    public async Task Two_models_look_at_an_image_side_by_side()
    {
        await using RunningStudio studio = await RunningStudio.Start(folder: runs.Folder);
        await using StudioPage opened = await browser.Open(studio);
        IPage page = opened.Page;
        await page.GotoAsync($"/#/image?run={First}&other={Second}");
        await page.GetByLabel("choose a file").SetInputFilesAsync(new FilePayload
        {
            Name = "one.ppm",
            MimeType = "image/x-portable-pixmap",
            Buffer = Images.Ppm(1),
        });
        double[] best = [TwoRuns.Expected(runs.First, Images.Ppm(1)).Max(),
            TwoRuns.Expected(runs.Second, Images.Ppm(1)).Max()];
        for (int i = 0; i < 2; i++)
        {
            ILocator result = page.Locator("section").Nth(i);
            await result.Locator("figure img").First.WaitForAsync();
            Assert.True(await result.Locator("figure img").CountAsync() >= 3);   // overview, heads, maps
            Assert.Contains(FormattableString.Invariant($"{100 * best[i]:0.0} %"), await result.InnerTextAsync());
        }

        Assert.Empty((await page.RunAxe()).Violations.Select(one => one.Id));
        Assert.Empty(opened.Errors);
    }

    [Fact]
    public async Task A_run_of_a_hundred_thousand_steps_opens_in_about_a_second()
    {
        await using RunningStudio studio = await RunningStudio.Start();
        StringBuilder log = new();
        for (int i = 1; i <= 100_000; i++) log.Append(RunEndpointsTests.Step(i, 1.0 + 1.0 / i));
        studio.Make("long", metrics: log.ToString());
        await using StudioPage opened = await browser.Open(studio);
        await opened.Page.GotoAsync("/");
        await opened.Page.Locator("tbody tr").First.WaitForAsync();
        Stopwatch clock = Stopwatch.StartNew();
        await opened.Page.GetByRole(AriaRole.Link, new() { Name = "runs/long" }).ClickAsync();
        await Expect(opened.Page.GetByRole(AriaRole.Group, new() { NameRegex = new("^Loss") }), "at step 100,000");
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 3);
        Assert.Empty(opened.Errors);
    }

    private static string Link(string name) => Uri.EscapeDataString("runs/" + name);

    private static async Task Expect(ILocator chart, string said)
    {
        string? label = null;
        for (int i = 0; i < 600; i++)
        {
            label = await chart.CountAsync() > 0 ? await chart.GetAttributeAsync("aria-label") : null;
            if (label?.Contains(said) == true) return;
            await Task.Delay(50, Stop);
        }

        Assert.Fail($"The chart says '{label}', not '{said}'.");
    }

    private static async Task<IReadOnlyList<string>> Names(IPage page) =>
        await page.Locator("tbody th a").AllInnerTextsAsync();
}

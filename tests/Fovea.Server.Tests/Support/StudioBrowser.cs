using Microsoft.Playwright;

namespace Fovea.Server.Tests.Support;

/// <summary>Debian's Chromium, driven by Playwright, for all tests of a class. Nothing is downloaded.</summary>
public sealed class StudioBrowser : IAsyncLifetime
{
    private static readonly string[] Places =
        ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        if (Places.FirstOrDefault(File.Exists) is not string program) return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = program,
            Headless = true,
            Args = ["--no-sandbox"],
        });
    }

    /// <summary>A page of a browser of its own, whose scripts' errors fail the test that closes it.</summary>
    internal async Task<StudioPage> Open(RunningStudio studio, ColorScheme scheme = ColorScheme.Light, int width = 1280)
    {
        Assert.SkipWhen(_browser is null, $"there is no Chromium here ({string.Join(", ", Places)}).");
        IBrowserContext context = await _browser!.NewContextAsync(new()
        {
            ColorScheme = scheme,
            ViewportSize = new() { Width = width, Height = 800 },
            BaseURL = studio.Client.BaseAddress!.ToString(),
        });
        context.SetDefaultTimeout(60_000);
        return new(context, await context.NewPageAsync());
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }
}

/// <summary>A page, and what its scripts complained of.</summary>
internal sealed class StudioPage : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    public StudioPage(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") Errors.Add(message.Text);
        };
        page.PageError += (_, error) => Errors.Add(error);
        page.Dialog += (_, dialog) => Errors.Add("dialog: " + dialog.Message);
    }

    public IPage Page { get; }

    public List<string> Errors { get; } = [];

    public ValueTask DisposeAsync() => new(_context.CloseAsync());
}

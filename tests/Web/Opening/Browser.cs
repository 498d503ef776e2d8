using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace OrderMall.Web.Tests.Opening;

/// <summary>A real browser, which each test has windows of its own in. Where a test fails, each leaves its picture in <c>TestResults/pictures</c>.</summary>
public sealed class Browser : IAsyncLifetime
{
    // Milliseconds that a page may take to become what a test waits for.
    private const float Limit = 20_000;

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Where pictures of failures go.</summary>
    private static string Pictures => Path.Combine(Root(), "TestResults", "pictures");

    public async Task InitializeAsync()
    {
        if (Chromium.Path is null)
            return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium.Path,
            Args = ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
        });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>Does something in a window of its own.</summary>
    public async Task InWindowAsync(WebMall mall, Func<IPage, Task> what, string language = "en", int width = 1200, bool scripts = true, bool dark = false, [CallerMemberName] string test = "")
    {
        await using var window = await _browser!.NewContextAsync(new()
        {
            BaseURL = mall.Web.ToString(),
            Locale = language,
            JavaScriptEnabled = scripts,
            ViewportSize = new() { Width = width, Height = 900 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
        });
        window.SetDefaultTimeout(Limit);
        var page = await window.NewPageAsync();
        var errors = new List<string>();
        var inFlight = new ConcurrentDictionary<IRequest, long>();
        page.Request += (_, request) => inFlight[request] = Stopwatch.GetTimestamp();
        page.RequestFinished += (_, request) => inFlight.Remove(request, out var _);
        page.RequestFailed += (_, request) => inFlight.Remove(request, out var _);
        page.PageError += (_, error) => errors.Add(error);
        // What the policy of the page refuses is said there too.
        page.Console += (_, message) =>
        {
            if (message.Type == "error" && !message.Text.Contains("Failed to load resource", StringComparison.Ordinal) && !message.Text.Contains("ERR_", StringComparison.Ordinal))
                errors.Add(message.Text);
        };
        try
        {
            await what(page);
            Assert.Empty(errors);
        }
        catch (Exception failure)
        {
            Directory.CreateDirectory(Pictures);
            await page.ScreenshotAsync(new() { Path = Path.Combine(Pictures, $"{test}-{Guid.NewGuid():N}.png"), FullPage = true });
            if (failure is TimeoutException or PlaywrightException)
            {
                throw new TimeoutException(
                    $"At {page.Url} with {string.Join(", ", inFlight.Select(request => $"{request.Key.Method} {request.Key.Url} in flight for {Stopwatch.GetElapsedTime(request.Value).TotalSeconds:0.0} s"))}: {failure.Message}",
                    failure);
            }

            throw;
        }
    }

    /// <summary>Waits until a window is at an address. The browser is asked again and again: <c>WaitForURLAsync</c> misses what happens between its own two looks.</summary>
    public static Task IsAtAsync(IPage page, [StringSyntax(StringSyntaxAttribute.Regex)] string address) =>
        Assertions.Expect(page).ToHaveURLAsync(new Regex(address), new() { Timeout = Limit });

    /// <summary>Forgets who was signed in. Not under a page, which would be given its cookies back if it looked at itself again in this moment.</summary>
    public static async Task ForgetAsync(IPage page)
    {
        await page.GotoAsync("about:blank");
        await page.Context.ClearCookiesAsync();
    }

    /// <summary>Takes a picture for the documentation, where <c>MALL_PICTURES</c> names a folder.</summary>
    public static async Task PictureAsync(IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable("MALL_PICTURES") is { Length: > 0 } folder)
            await page.ScreenshotAsync(new() { Path = Path.Combine(folder, $"{name}.png") });
    }

    /// <summary>Asks axe-core what keeps people out.</summary>
    public static async Task IsForAllAsync(IPage page)
    {
        var result = await page.RunAxe();
        Assert.True(result.Violations.Length == 0, string.Join(Environment.NewLine, result.Violations.Select(violation =>
            $"{page.Url} {violation.Id}: {violation.Help} {string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html))}")));
        // Nothing is cut off, however narrow the window is.
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= document.documentElement.clientWidth + 1"), $"{page.Url} is wider than its window.");
    }

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../../.."));
}

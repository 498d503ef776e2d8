using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrderMall.Postgres;

namespace OrderMall.Mall.Tests.Marketing;

/// <summary>The service alone, called as its sidecar would.</summary>
internal sealed partial class MarketingProcess : IAsyncDisposable
{
    public const string AppToken = "app-token";
    private const int Terminate = 15;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly HttpClient _http;
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private MarketingProcess(Process process, int port)
    {
        _process = process;
        (_output, _errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        _http = new HttpClient(new ServiceDefaults.Dapr.ResetConnections(new SocketsHttpHandler { UseProxy = false })) { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = Limit };
    }

    /// <summary>Starts it, and returns when it serves.</summary>
    /// <param name="by">A shell that starts it and waits until <see cref="ParentEndsAsync"/>; this process itself if left out.</param>
    public static async Task<MarketingProcess> StartAsync(StubSidecar sidecar, string? by = null)
    {
        var service = Start(by, [("DAPR_HTTP_PORT", sidecar.Port.ToString(CultureInfo.InvariantCulture)), ("APP_API_TOKEN", AppToken)]);
        await Eventually.Is(true, async () =>
        {
            try
            {
                return (await service._http.GetAsync("/health")).IsSuccessStatusCode;
            }
            catch (HttpRequestException) when (!service._process.HasExited)
            {
                return false;
            }
        });
        return service;
    }

    /// <summary>Starts it in that environment.</summary>
    public static MarketingProcess Start(params (string Name, string Value)[] environment) => Start(by: null, environment);

    private static MarketingProcess Start(string? by, (string Name, string Value)[] environment)
    {
        var port = LoopbackPort.Find(1)[0];
        string[] command = [LocalPython.Program!, "-B", Path.Combine(AppContext.BaseDirectory, "Marketing", "marketing.py")];
        if (by is not null)
            command = [by, "-c", "\"$@\" & read line", by, .. command];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["APP_PORT"] = port.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return new MarketingProcess(Process.Start(start)!, port);
    }

    /// <summary>Delivers an event.</summary>
    /// <returns>The status and the body.</returns>
    public async Task<(HttpStatusCode Status, string Text)> DeliverAsync(string envelope, string path = "/events/orders", string token = AppToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(envelope, Encoding.UTF8, "application/cloudevents+json") };
        request.Headers.Add("dapr-api-token", token);
        using var response = await _http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Every address that it has, as its own files say.</summary>
    public static IReadOnlyList<string> Addresses() =>
        [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Marketing"), "*.py").SelectMany(file => Route().Matches(File.ReadAllText(file))).Select(route => route.Groups[1].Value)];

    /// <summary>Sends whatever it is.</summary>
    public async Task<HttpStatusCode> SendAsync(HttpMethod method, string address, string? body = null, string? header = null, string? value = null)
    {
        using var request = new HttpRequestMessage(method, address) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("dapr-api-token", AppToken);
        if (header == "Content-Type")
            request.Content?.Headers.Remove(header);
        if (header is not null && !request.Headers.TryAddWithoutValidation(header, value))
            request.Content?.Headers.TryAddWithoutValidation(header, value);
        using var response = await _http.SendAsync(request);
        return response.StatusCode;
    }

    /// <summary>Tells of an accepted order, which must be taken.</summary>
    public async Task TellAsync(Guid orderId, string customerId, Guid offerId, string kind = "book") =>
        Assert.Equal((HttpStatusCode.OK, ""), await DeliverAsync(Envelope(orderId, customerId, offerId, kind)));

    /// <summary>Asks for what is at an address.</summary>
    /// <returns>The status and the body.</returns>
    public async Task<(HttpStatusCode Status, string Text)> AskAsync(string address)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        request.Headers.Add("dapr-api-token", AppToken);
        using var response = await _http.SendAsync(request);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The topics that it subscribes to.</summary>
    public async Task<IReadOnlyList<string>> TopicsAsync()
    {
        using var announced = JsonDocument.Parse((await AskAsync("/dapr/subscribe")).Text);
        return [.. announced.RootElement.EnumerateArray().Select(subscription => subscription.GetProperty("topic").GetString()!)];
    }

    /// <summary>What it recommends, as offers and numbers of orders.</summary>
    public async Task<List<(Guid OfferId, int Orders)>> RecommendsAsync(string query)
    {
        var (status, text) = await AskAsync("/api/recommendations" + query);
        Assert.Equal(HttpStatusCode.OK, status);
        using var page = JsonDocument.Parse(text);
        return [.. page.RootElement.GetProperty("items").EnumerateArray().Select(item => (item.GetProperty("offerId").GetGuid(), item.GetProperty("orders").GetInt32()))];
    }

    /// <summary>Has it learn everything again, and waits until it has.</summary>
    public async Task RebuildAsync()
    {
        Assert.Equal(HttpStatusCode.OK, (await DeliverAsync("", "/views/rebuild")).Status);
        await Eventually.Is(true, async () =>
        {
            var (status, text) = await AskAsync("/views/rebuild");
            Assert.Equal(HttpStatusCode.OK, status);
            using var progress = JsonDocument.Parse(text);
            return progress.RootElement.GetProperty("finishedAt").ValueKind == JsonValueKind.String;
        });
    }

    /// <summary>A page of what ordering holds.</summary>
    public static string History(IEnumerable<(Guid OrderId, string CustomerId, Guid OfferId, string Status)> orders, Guid? next = null) => JsonSerializer.Serialize(new
    {
        items = orders.Select(order => new
        {
            last = new { orderId = order.OrderId, version = 3, customerId = order.CustomerId, offerId = order.OfferId, kind = "book", title = $"Title of {order.OfferId}" },
            timeline = new[] { new { status = order.Status, at = "2026-05-04T03:02:01Z", version = 2 }, new { status = "Cancelled", at = "2026-05-04T03:02:02Z", version = 3 } },
        }),
        next,
    });

    /// <summary>The event of an accepted order.</summary>
    public static string Envelope(Guid orderId, string customerId, Guid offerId, string kind = "book", string type = "OrderAccepted") => JsonSerializer.Serialize(new
    {
        specversion = "1.0",
        id = Guid.NewGuid(),
        type,
        topic = "orders",
        data = new { orderId, version = 2, customerId, offerId, kind, title = $"Title of {offerId}" },
    });

    /// <summary>The shell that started it ends.</summary>
    public async Task ParentEndsAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
    }

    /// <summary>Asks it to end.</summary>
    public void AskToEnd() => Assert.Equal(0, Kill(_process.Id, Terminate));

    /// <summary>Waits until it has ended.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        return (_process.ExitCode, await _output, await _errors);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await EndAsync();
        _process.Dispose();
        _http.Dispose();
    }

    [GeneratedRegex("\"(/[a-z0-9./-]+)\": \\{")]
    private static partial Regex Route();

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}

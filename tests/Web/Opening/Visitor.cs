using System.Net;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace OrderMall.Web.Tests.Opening;

/// <summary>A page as it came.</summary>
public sealed record Seen(HttpStatusCode Status, Uri Address, IHtmlDocument Document, HttpResponseMessage Response, int Bytes)
{
    /// <summary>What people read.</summary>
    public string Text => string.Join(' ', Document.QuerySelector("main")!.TextContent.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    public IHtmlFormElement Form(string selector) =>
        Document.QuerySelector<IHtmlFormElement>(selector) ?? throw new Xunit.Sdk.XunitException($"There is no form {selector} in: {Text}");

    /// <summary>The form of a button.</summary>
    public IHtmlFormElement Act(string name, string? about = null) => Form($"form[action^='/actions/{name}{(about is null ? "" : $"/{about}")}']");
}

/// <summary>Somebody with a browser that runs no scripts: follows links, fills in forms and keeps cookies.</summary>
public sealed class Visitor : IDisposable
{
    private readonly HttpClient _http;

    public Visitor(Uri web, string language)
    {
        _http = new HttpClient(new SocketsHttpHandler { CookieContainer = Cookies, UseProxy = false }) { BaseAddress = web, Timeout = TimeSpan.FromSeconds(60) };
        _http.DefaultRequestHeaders.AcceptLanguage.ParseAdd(language);
    }

    public CookieContainer Cookies { get; } = new();

    public HttpClient Http => _http;

    public void Dispose() => _http.Dispose();

    public async Task<Seen> GoAsync(string path) => await ReadAsync(await _http.GetAsync(path));

    /// <summary>Sends a form as it is, but for some fields.</summary>
    public async Task<Seen> SendAsync(IHtmlFormElement form, params (string Name, string Value)[] fields) => await ReadAsync(await PostAsync(form, fields));

    /// <summary>The same, without looking at what comes.</summary>
    public Task<HttpResponseMessage> PostAsync(IHtmlFormElement form, (string Name, string Value)[]? fields = null, string? action = null)
    {
        var values = form.QuerySelectorAll<IElement>("input[name]:not([type=checkbox]), textarea[name], select[name]")
            .Select(field => (Name: field.GetAttribute("name")!, Value: field switch
            {
                IHtmlSelectElement select => select.Value ?? "",
                IHtmlTextAreaElement text => text.Value,
                _ => field.GetAttribute("value") ?? "",
            }))
            .Concat(form.QuerySelectorAll("input[type=checkbox][checked]").Select(box => (Name: box.GetAttribute("name")!, Value: box.GetAttribute("value")!)))
            .Where(field => fields?.All(given => given.Name != field.Name) != false)
            .Concat(fields ?? [])
            .Select(field => KeyValuePair.Create(field.Name, field.Value));
        return _http.PostAsync(action ?? form.GetAttribute("action"), new FormUrlEncodedContent(values));
    }

    public async Task<Seen> SignInAsync(string email, string password, string from = "/sign-in") =>
        await SendAsync((await GoAsync(from)).Form("form.narrow"), ("email", email), ("password", password));

    public async Task<Seen> RegisterAsync(string email, string password, string name = "New") =>
        await SendAsync((await GoAsync("/register")).Form("form.narrow"), ("name", name), ("email", email), ("password", password));

    /// <summary>Looks again and again until it says so.</summary>
    public Task<Seen> UntilAsync(string path, string words) =>
        Eventually.Satisfies(() => GoAsync(path), seen => seen.Text.Contains(words, StringComparison.Ordinal), $"say '{words}'");

    private static async Task<Seen> ReadAsync(HttpResponseMessage response)
    {
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return new Seen(response.StatusCode, response.RequestMessage!.RequestUri!, new HtmlParser().ParseDocument(System.Text.Encoding.UTF8.GetString(bytes)), response, bytes.Length);
    }
}

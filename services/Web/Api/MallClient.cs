using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using OrderMall.Web.Session;

namespace OrderMall.Web.Api;

/// <summary>
/// The mall's public API, through the sidecars to the gateway, on behalf of who looks at the page. Every call has a time limit, and none throws where
/// the mall does not answer: a part of the page says so.
/// </summary>
internal sealed class MallClient(Invocation invocation, IHttpContextAccessor contexts)
{
    private const int LongestAnswer = 4 * 1024 * 1024;

    /// <summary>For what stands beside a page and is not missed.</summary>
    public static readonly TimeSpan AsideLimit = TimeSpan.FromSeconds(1);

    /// <summary>For operators' questions to every service.</summary>
    public static readonly TimeSpan AuditLimit = TimeSpan.FromSeconds(100);

    // A page is not kept waiting for one of its parts.
    private static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(5);
    // An order, which the mall itself gives up after 25 s.
    private static readonly TimeSpan ChangeLimit = TimeSpan.FromSeconds(30);

    private HttpContext? Context => contexts.HttpContext;

    /// <summary>Asks for something.</summary>
    /// <param name="path">After <c>/api/</c>, escaped.</param>
    /// <param name="within">How long it may take; 5 s where it is not said.</param>
    /// <typeparam name="T">What it is.</typeparam>
    public Task<Answer<T>> GetAsync<T>(string path, TimeSpan? within = null)
        where T : class => SendAsync<T>(Request(HttpMethod.Get, path, SessionCookie.TokenOf(Context)), within ?? ReadLimit);

    /// <summary>Changes something.</summary>
    /// <param name="path">After <c>/api/</c>, escaped.</param>
    /// <typeparam name="T">What it answers with.</typeparam>
    public Task<Answer<T>> SendAsync<T>(HttpMethod method, string path, JsonObject? body = null, params (string Name, string Value)[] headers)
        where T : class
    {
        var request = Request(method, path, SessionCookie.TokenOf(Context), body);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return SendAsync<T>(request, ChangeLimit);
    }

    /// <summary>New tokens for a refresh token, which works once: see <see cref="Refreshes"/>.</summary>
    public Task<Answer<Tokens>> RefreshAsync(string refreshToken) =>
        SendAsync<Tokens>(Request(HttpMethod.Post, "account/refresh", token: null, new JsonObject { ["refreshToken"] = refreshToken }), ReadLimit);

    /// <summary>Whose a token is.</summary>
    public Task<Answer<Account>> WhoIsAsync(string token) => SendAsync<Account>(Request(HttpMethod.Get, "account", token), ReadLimit);

    /// <summary>Opens an event stream; the caller disposes the answer.</summary>
    /// <param name="path">After <c>/api/</c>.</param>
    /// <exception cref="HttpRequestException">There is no connection.</exception>
    /// <exception cref="OperationCanceledException">There was no answer in time.</exception>
    public async Task<HttpResponseMessage> StreamAsync(string path, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Get, path, SessionCookie.TokenOf(Context));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(ReadLimit);
        return await invocation.SendAsync(request, limit.Token);
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string? token, JsonObject? body = null)
    {
        var request = invocation.Request(method, AppIds.Gateway, $"api/{path}");
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        // The gateway's limits are each visitor's own.
        if (Context?.Connection.RemoteIpAddress is { } visitor)
            request.Headers.TryAddWithoutValidation(GatewayIdentity.VisitorHeader, visitor.ToString());
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        else if (method != HttpMethod.Get)
            request.Content = new ByteArrayContent([]);
        return request;
    }

    private async Task<Answer<T>> SendAsync<T>(HttpRequestMessage request, TimeSpan within)
        where T : class
    {
        using var limit = new CancellationTokenSource(within);
        // What changes something goes on when the browser has gone.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, request.Method == HttpMethod.Get ? Context?.RequestAborted ?? default : default);
        using (request)
        {
            try
            {
                using var response = await invocation.SendAsync(request, either.Token);
                if (await Invocation.IsUnreachableAsync(response, either.Token))
                    return new(StatusCodes.Status503ServiceUnavailable, null, Problem.Unavailable);
                await response.Content.LoadIntoBufferAsync(LongestAnswer, either.Token);
                await using var body = await response.Content.ReadAsStreamAsync(either.Token);
                var status = (int)response.StatusCode;
                if (!response.IsSuccessStatusCode)
                    return new(status, null, await ProblemOfAsync(response, body, either.Token));
                return body.Length == 0 || typeof(T) == typeof(Nothing)
                    ? new(status, null, null)
                    : new(status, await JsonSerializer.DeserializeAsync(body, RequiredFields.In((JsonTypeInfo<T>)WebJson.Default.GetTypeInfo(typeof(T))!), either.Token), null);
            }
            catch (Exception e) when (e is HttpRequestException or JsonException or OperationCanceledException)
            {
                return new(StatusCodes.Status503ServiceUnavailable, null, Problem.Unavailable);
            }
        }
    }

    private static async Task<Problem> ProblemOfAsync(HttpResponseMessage response, Stream body, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json"))
            return Problem.Unavailable;
        using var json = await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
        return json.RootElement.ValueKind == JsonValueKind.Object ? Problem.Read(json.RootElement) : Problem.Unavailable;
    }
}

/// <summary>Nothing is expected in an answer.</summary>
internal sealed class Nothing
{
    private Nothing()
    {
    }
}

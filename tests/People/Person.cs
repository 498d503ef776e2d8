using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace OrderMall.People;

/// <summary>Somebody at the mall's door. All that tests do, they do as a person: by HTTP, to the gateway's address.</summary>
public class Person
{
    private const int Patience = 40;
    private const int Newest = 500;
    private const int MostUnanswered = 2;
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(2.5); // an audit may take two
    private static readonly TimeSpan TimeLimitOfTheUnanswered = TimeSpan.FromSeconds(5);

    private static readonly HttpClient Http = new(new SocketsHttpHandler
    {
        UseCookies = false,
        UseProxy = OpenMall.Address is { IsLoopback: false },
        AllowAutoRedirect = false,
        ConnectTimeout = TimeSpan.FromSeconds(15),
    })
    {
        Timeout = TimeLimit,
    };

    // Requests in a row without an answer.
    private static int _unanswered;

    private readonly Uri _mall;
    private readonly TimeSpan? _patience;

    /// <summary>Somebody who is not signed in, or who says with a token who they are.</summary>
    /// <param name="patience">How long to wait for an answer, whatever happened before; as long as answers may usually take if left out.</param>
    public Person(Uri mall, string? accessToken = null, TimeSpan? patience = null) => (_mall, AccessToken, _patience) = (mall, accessToken, patience);

    /// <summary>The same person in a role.</summary>
    protected Person(Person who)
        : this(who._mall, who.AccessToken, who._patience)
    {
    }

    /// <summary>Says who it is.</summary>
    public string? AccessToken { get; }

    /// <summary>Signs in.</summary>
    public static async Task<Person> SignInAsync(Uri mall, string email, string password, TimeSpan? patience = null)
    {
        var answer = await PatientlyAsync(() => new Person(mall, patience: patience).SignInAsync(email, password));
        return new Person(mall, answer.Is(HttpStatusCode.OK)["accessToken"], patience);
    }

    /// <summary>Asks to be signed in, whatever comes of it.</summary>
    public Task<Answer> SignInAsync(string email, string password) => PostAsync("/api/account/login", new { email, password });

    /// <summary>Somebody with other powers, or none, at the same door.</summary>
    public Person WithToken(string? accessToken) => new(_mall, accessToken, _patience);

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, object? body = null, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, body is null ? null : JsonContent.Create(body), headers);

    public Task<Answer> PutAsync(string path, object body) => SendAsync(HttpMethod.Put, path, JsonContent.Create(body));

    public Task<Answer> PatchAsync(string path, object body) => SendAsync(HttpMethod.Patch, path, JsonContent.Create(body));

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    /// <summary>Sends anything.</summary>
    public async Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? body = null, params (string Name, string Value)[] headers)
    {
        using var request = Request(method, path, body, headers);
        // Where nobody answers any more, those who ask next do not wait as long again.
        var limit = _patience ?? (Volatile.Read(ref _unanswered) < MostUnanswered ? TimeLimit : TimeLimitOfTheUnanswered);
        using var giveUp = new CancellationTokenSource(limit);
        var took = Stopwatch.StartNew();
        try
        {
            using var response = await Http.SendAsync(request, giveUp.Token);
            var text = await response.Content.ReadAsStringAsync(giveUp.Token);
            Volatile.Write(ref _unanswered, 0);
            return new Answer(
                $"{method} {path}",
                response.StatusCode,
                response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase),
                text,
                took.Elapsed);
        }
        catch (Exception unanswered) when (unanswered is HttpRequestException or SocketException or OperationCanceledException)
        {
            if (_patience is null)
                Interlocked.Increment(ref _unanswered);
            throw unanswered is OperationCanceledException
                ? new UnansweredException($"{method} {path}", $"no answer within {limit.TotalSeconds} s", inTime: false, unanswered)
                : new UnansweredException($"{method} {path}", $"the connection broke: {unanswered.Message}", inTime: true, unanswered);
        }
    }

    /// <summary>Opens a stream of events; the caller disposes the answer.</summary>
    public async Task<HttpResponseMessage> OpenAsync(string path)
    {
        using var request = Request(HttpMethod.Get, path, null, []);
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Walks a list that has the newest first, as far back as what a test did can be, however much was there before.</summary>
    public Task<List<JsonElement>> NewestAsync(string path, int limit = 100) => ListAsync(path, limit, Newest);

    /// <summary>Walks a list to its end.</summary>
    public async Task<List<JsonElement>> ListAsync(string path, int limit = 100, int most = int.MaxValue)
    {
        var items = new List<JsonElement>();
        for (string? next = ""; next is not null && items.Count < most;)
        {
            var after = next == "" ? "" : $"&after={next}";
            var page = (await PatientlyAsync(() => GetAsync($"{path}{(path.Contains('?') ? '&' : '?')}limit={limit}{after}"))).Is(HttpStatusCode.OK).Json;
            Assert.InRange(page.GetProperty("items").GetArrayLength(), 0, limit);
            items.AddRange(page.GetProperty("items").EnumerateArray());
            next = page.GetProperty("next").GetString();
        }

        return items;
    }

    /// <summary>The messages that have these words in their subject or text, newest first.</summary>
    public async Task<List<JsonElement>> MessagesNamingAsync(string words) =>
        [.. (await NewestAsync("/api/notifications")).Where(message => Says(message, words))];

    /// <summary>Waits until one message about something says all this, in whatever case; there must be no second one.</summary>
    public async Task IsToldOnceAsync(string about, params string[] words)
    {
        var messages = await Eventually.Satisfies(
            async () => (await MessagesNamingAsync(about)).FindAll(message => Array.TrueForAll(words, word => Says(message, word))),
            messages => messages.Count > 0,
            $"be told of {about}: {string.Join(", ", words)}");
        Assert.Single(messages);
    }

    /// <summary>Does as the door says when too many come at once: waits and asks again.</summary>
    public static async Task<Answer> PatientlyAsync(Func<Task<Answer>> ask)
    {
        for (var attempt = 1; ; attempt++)
        {
            var answer = await ask();
            if (!(answer.Status == HttpStatusCode.TooManyRequests || answer.IsOverload) || attempt == Patience)
                return answer;
            await Task.Delay(TimeSpan.FromSeconds(int.Parse(answer.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture)));
        }
    }

    private static bool Says(JsonElement message, string words) =>
        $"{message.GetProperty("subject")}\n{message.GetProperty("text")}".Contains(words, StringComparison.OrdinalIgnoreCase);

    private HttpRequestMessage Request(HttpMethod method, string path, HttpContent? body, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, new Uri(_mall, path)) { Content = body };
        if (AccessToken is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", AccessToken);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        return request;
    }
}

using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace OrderMall.Operations;

/// <summary>Asks services, for operators, what nobody else may ask: also those that joined by configuration alone.</summary>
internal sealed class OperatorClient(Invocation invocation, IReadOnlyList<string> joined)
{
    private const string Section = "Operations:Services";
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(15);

    /// <summary>Every service that events go to.</summary>
    public IReadOnlyList<string> Subscribers { get; } = [.. AuditSources.WithEvents, .. joined.Except(AuditSources.Services)];

    /// <summary>Those that keep views in the state store, made of others' events.</summary>
    public IReadOnlyList<string> WithViews => [.. Subscribers.Except(AuditSources.WithDatabase)];

    /// <summary>Adds it, with the services that the configuration names: a service joins with <c>Operations:Services:{n}</c>, its app id.</summary>
    /// <exception cref="InvalidOperationException">One of those is no app id; the message names the key.</exception>
    public static void Add(WebApplicationBuilder builder)
    {
        var joined = builder.Configuration.GetSection(Section).GetChildren().Select(AppId).ToList();
        builder.Services.AddSingleton(services => new OperatorClient(services.GetRequiredService<Invocation>(), joined));
    }

    /// <summary>Asks one of them.</summary>
    /// <returns><see langword="null"/> where the service has no such endpoint: who joined need not have it.</returns>
    /// <exception cref="ServiceUnavailableException">There was no answer that means anything.</exception>
    public async Task<T?> AskAsync<T>(string appId, HttpMethod method, string pathAndQuery, HttpContent? body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
        where T : class
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeLimit);
        try
        {
            using var request = invocation.Request(method, appId, pathAndQuery);
            request.Content = body;
            using var response = await invocation.SendAsync(request, limit.Token);
            if (response.StatusCode == HttpStatusCode.NotFound && joined.Contains(appId))
                return null;
            if (response.StatusCode != HttpStatusCode.OK || await Invocation.IsUnreachableAsync(response, limit.Token))
                throw new ServiceUnavailableException(appId, $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(limit.Token)}");
            return await response.Content.ReadFromJsonAsync(RequiredFields.In(type), limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new ServiceUnavailableException(appId, e.Message, e);
        }
    }

    /// <summary>Asks several services at once.</summary>
    public static Task<OperatorAnswer<T>[]> EachAsync<T>(IEnumerable<string> appIds, Func<string, Task<T?>> ask)
        where T : class => Task.WhenAll(appIds.Select(async appId =>
        {
            try
            {
                return new OperatorAnswer<T>(appId, await ask(appId), Failure: null);
            }
            catch (ServiceUnavailableException e)
            {
                return new OperatorAnswer<T>(appId, Answer: null, e);
            }
        }));

    private static string AppId(IConfigurationSection section) =>
        section.Value is { Length: > 0 } appId && appId.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? appId
            : throw new InvalidOperationException($"{AppIds.Operations}: {section.Path}: '{section.Value}' is not the Dapr app id of a service.");
}

/// <summary>What a service answered.</summary>
/// <param name="Answer"><see langword="null"/> where it has none to give.</param>
/// <param name="Failure">Why there is none, where it is unreachable.</param>
internal sealed record OperatorAnswer<T>(string AppId, T? Answer, ServiceUnavailableException? Failure)
    where T : class;

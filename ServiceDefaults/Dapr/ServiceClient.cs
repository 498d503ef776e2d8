using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Api;
using Polly;

namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>Calls one other service through the sidecars.</summary>
/// <param name="appId">The called service's app id.</param>
/// <param name="http">Its base address is the method path of that app at this service's sidecar.</param>
/// <param name="policy">Makes the policy of a path, where the sidecar has none.</param>
public sealed class ServiceClient(string appId, HttpClient http, Func<ResiliencePipeline<HttpResponseMessage>>? policy = null)
{
    /// <summary>What is said of an open circuit: in the words of daprd, of the embedded sidecar and of <see cref="CallBreaker"/>.</summary>
    public const string OpenCircuit = "circuit breaker is open";

    private readonly ConcurrentDictionary<string, ResiliencePipeline<HttpResponseMessage>> _policies = [];

    /// <summary>Asks the other service for something. Must be safe to repeat: policies may repeat it.</summary>
    /// <param name="path">The endpoint, without a leading slash and without ids (a breaker is kept per path).</param>
    /// <param name="requestType">How the question is written as JSON.</param>
    /// <param name="answerType">How the answer is written as JSON.</param>
    /// <typeparam name="TRequest">The question's type.</typeparam>
    /// <typeparam name="TAnswer">The answer's type.</typeparam>
    /// <returns>The answer.</returns>
    /// <exception cref="ServiceUnavailableException">There was no answer that means anything: whether the question arrived is unknown.</exception>
    public async Task<TAnswer> AskAsync<TRequest, TAnswer>(
        string path,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TAnswer> answerType,
        CancellationToken cancellationToken)
    {
        try
        {
            using var response = await SendAsync(path, request, requestType, cancellationToken);
            if (response.StatusCode != HttpStatusCode.OK)
                throw Unavailable(path, $"{(int)response.StatusCode} {await ExcerptAsync(response, cancellationToken)}");
            return await response.Content.ReadFromJsonAsync(RequiredFields.In(answerType), cancellationToken)
                ?? throw Unavailable(path, "an empty answer");
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException or ExecutionRejectedException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Unavailable(path, e.Message, e);
        }
    }

    /// <summary>Says in the trace of what could not be done why: another service did not answer, or was not even asked.</summary>
    /// <param name="path">What it would have been asked.</param>
    /// <param name="reason">Why there is no answer.</param>
    public static void Trace(string appId, string path, string reason) => Activity.Current?.AddEvent(new ActivityEvent("mall.unavailable", tags: new ActivityTagsCollection
    {
        ["mall.service"] = appId,
        ["mall.question"] = path,
        ["mall.reason"] = reason,
        ["mall.circuit"] = reason.Contains(OpenCircuit, StringComparison.Ordinal) ? "open" : null,
    }));

    private ServiceUnavailableException Unavailable(string path, string reason, Exception? cause = null)
    {
        Trace(appId, path, reason);
        return new ServiceUnavailableException(appId, reason, cause);
    }

    private async Task<HttpResponseMessage> SendAsync<TRequest>(string path, TRequest request, JsonTypeInfo<TRequest> type, CancellationToken cancellationToken) =>
        policy is null
            ? await http.PostAsJsonAsync(path, request, type, cancellationToken)
            : await _policies.GetOrAdd(path, _ => policy()).ExecuteAsync(
                async token => await http.PostAsJsonAsync(path, request, type, token), cancellationToken);

    internal static async Task<string> ExcerptAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        return body.Length <= 300 ? body : body[..300];
    }
}

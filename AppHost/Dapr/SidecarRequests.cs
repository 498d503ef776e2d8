using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.AppHost.Dapr;

/// <summary>Requests to sidecars, and to apps as their sidecars make them, with the token that is asked for.</summary>
internal static class SidecarRequests
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(2);
    private static readonly HttpClient Http = new(new ResetConnections(new SocketsHttpHandler { UseProxy = false }));

    /// <summary>Lets a sidecar count as healthy while it answers. Aspire's own health checks send no token.</summary>
    public static IResourceBuilder<T> WithTokenHealthCheck<T>(this IResourceBuilder<T> sidecar, SidecarProgram program)
        where T : IResource
    {
        sidecar.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(program.Name, async cancellationToken =>
            await AnswersAsync(program.Alive, program.Token, cancellationToken) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("It does not answer."));
        return sidecar.WithHealthCheck(program.Name);
    }

    /// <summary>Whether there is an answer of success within two seconds.</summary>
    public static Task<bool> AnswersAsync(Uri uri, string? token, CancellationToken cancellationToken) =>
        SendAsync(new HttpRequestMessage(HttpMethod.Get, uri), token, _ => Task.FromResult(true), cancellationToken);

    /// <summary>Sends a request, and reads the answer.</summary>
    /// <param name="token">None where none is asked for.</param>
    /// <param name="limit">Until when all of it must be there; two seconds where nothing else is said.</param>
    /// <returns>The default where there is no answer of success in time, or it cannot be read.</returns>
    public static async Task<T?> SendAsync<T>(HttpRequestMessage request, string? token, Func<HttpContent, Task<T>> read, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        if (token is not null)
            request.Headers.Add(SidecarEndpoint.TokenHeader, token);
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        late.CancelAfter(limit ?? AnswerLimit);
        try
        {
            using var response = await Http.SendAsync(request, late.Token);
            return response.IsSuccessStatusCode ? await read(response.Content) : default;
        }
        catch (Exception silent) when (silent is HttpRequestException or JsonException || (silent is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return default;
        }
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.AppHost.Dapr;

/// <summary>Health checks of what asks for a token: Aspire's own send none.</summary>
internal static class SidecarHealth
{
    private static readonly HttpClient Http = new(new ResetConnections(new SocketsHttpHandler { UseProxy = false })) { Timeout = TimeSpan.FromSeconds(2) };

    /// <summary>Lets a sidecar count as healthy while it answers.</summary>
    public static IResourceBuilder<T> WithTokenHealthCheck<T>(this IResourceBuilder<T> sidecar, SidecarProgram program)
        where T : IResource
    {
        sidecar.ApplicationBuilder.Services.AddHealthChecks().AddAsyncCheck(program.Name, async cancellationToken =>
            await AnswersAsync(program.Alive, program.Token, cancellationToken) ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy("It does not answer."));
        return sidecar.WithHealthCheck(program.Name);
    }

    /// <summary>Whether there is an answer of success within two seconds.</summary>
    public static async Task<bool> AnswersAsync(Uri uri, string? token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        if (token is not null)
            request.Headers.Add(SidecarEndpoint.TokenHeader, token);
        try
        {
            using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (Exception silent) when (silent is HttpRequestException || (silent is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }
}

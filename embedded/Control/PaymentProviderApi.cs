using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.Control;

/// <summary>Setting how the payment provider behaves, to try faults.</summary>
public static class PaymentProviderApi
{
    private const int DefaultDelayMs = 1_000;
    private const int LongestDelayMs = 60_000;
    private static readonly string[] Modes = ["normal", "slow", "down", "decline"];
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    internal static void MapPaymentProvider(this IEndpointRouteBuilder ops, (Uri Address, string Token)? provider) =>
        ops.MapPut("/payment-provider", async Task<Results<Ok<ProviderMode>, ValidationProblem, ProblemHttpResult>> (HttpContext context, CancellationToken cancellationToken) =>
        {
            if (await ReadAsync(context.Request, cancellationToken) is not { } asked)
                return Problems.Invalid("body", """Must be JSON such as {"mode":"slow","delayMs":1000}.""");
            if (!Modes.Contains(asked.Mode))
                return Problems.Invalid("mode", $"Must be one of {string.Join(", ", Modes)}.");
            if (asked.DelayMs is < 0 or > LongestDelayMs)
                return Problems.Invalid("delayMs", $"Must be from 0 to {LongestDelayMs} milliseconds.");
            var mode = asked with { DelayMs = asked.DelayMs ?? DefaultDelayMs };
            if (provider is not { } standIn)
                return Problems.NotFound("payment provider's stand-in");
            return await SetAsync(standIn.Address, standIn.Token, mode, cancellationToken) is null
                ? TypedResults.Ok(mode)
                : Problems.RetryLater(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.",
                    "The payment provider's stand-in did not take the mode. Is it stopped? POST /api/ops/services/payment-provider/start starts it.");
        });

    private static async Task<ProviderMode?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return request.HasJsonContentType() ? await request.ReadFromJsonAsync(ControlJson.Default.ProviderMode, cancellationToken) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Tells the payment provider how to behave.</summary>
    /// <param name="token">What it wants to be called with.</param>
    /// <returns>Why it did not take the mode; <see langword="null"/> where it did.</returns>
    public static async Task<string?> SetAsync(Uri address, string token, ProviderMode mode, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new ResetConnections(new SocketsHttpHandler { UseProxy = false })) { BaseAddress = address, Timeout = Limit };
        http.DefaultRequestHeaders.Add("dapr-api-token", token);
        try
        {
            using var response = await http.PutAsJsonAsync("mode", mode, ControlJson.Default.ProviderMode, cancellationToken);
            return response.IsSuccessStatusCode ? null : $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync(cancellationToken)}";
        }
        catch (Exception unreachable) when (unreachable is HttpRequestException || (unreachable is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return unreachable.Message;
        }
    }
}

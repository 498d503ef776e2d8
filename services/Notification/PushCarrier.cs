using System.Net;

namespace OrderMall.Notification;

/// <summary>What the provider is posted.</summary>
/// <param name="Id">The same when it is sent again, and in the header <c>Idempotency-Key</c>: nobody is to read it twice.</param>
/// <param name="PersonId">The account's id, by which the shop's app or page registered the person's devices with the provider.</param>
/// <param name="Language">That of the texts (ISO 639-1).</param>
/// <param name="At">When what it says happened (UTC).</param>
internal sealed record PushMessage(Guid Id, string PersonId, Guid? OrderId, string Subject, string Text, string Language, DateTimeOffset At);

/// <summary>Hands push messages to their provider: one HTTP POST for each, with the key as bearer token. Any answer of 2xx says that it has it.</summary>
internal sealed class PushCarrier : ICarrier<Push>, IDisposable
{
    private readonly HttpClient _http;
    private readonly PushOptions _options;
    private readonly Uri _address;

    public PushCarrier(PushOptions options)
    {
        // Read without the slash at its end that a base address needs: it is the whole address.
        (_options, _address) = (options, new Uri(options.Address!));
        _http = ExternalProvider.Client(_address, options.Key!, options.TimeLimit);
    }

    public TimeSpan TimeLimit => _options.TimeLimit;

    public TimeSpan RetryAfter => _options.RetryAfter;

    public async Task<Refusal?> SendAsync(Push message, Recipient to)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _address)
        {
            Headers = { { "Idempotency-Key", message.Id.ToString() } },
            Content = JsonContent.Create(
                new PushMessage(message.Id, message.PersonId, message.OrderId, message.Subject, message.Text, to.Language, message.At), NotificationJson.Default.PushMessage),
        };
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            return response.IsSuccessStatusCode ? null : new Refusal($"the provider answered {(int)response.StatusCode}", IsFinal(response.StatusCode));
        }
        catch (OperationCanceledException)
        {
            return new Refusal($"the provider did not answer within {TimeLimit.TotalSeconds} s");
        }
        catch (HttpRequestException e)
        {
            return new Refusal($"the connection failed ({e.HttpRequestError})");
        }
    }

    public void Dispose() => _http.Dispose();

    // A key that is wrong is for the operator to mend, not the message's fault.
    private static bool IsFinal(HttpStatusCode status) =>
        (int)status is >= 400 and < 500
        && status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests);
}

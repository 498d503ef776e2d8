using System.Security.Cryptography;
using System.Text.Json;
using FluentValidation;
using FluentValidation.Results;

namespace OrderMall.Ordering;

/// <summary>The <c>Idempotency-Key</c> of a request, if it has one: the same key of the same customer is the same order.</summary>
/// <param name="Value">1 to 200 visible ASCII characters, or <see langword="null"/>.</param>
internal readonly record struct IdempotencyKey(string? Value)
{
    private const string Header = "Idempotency-Key";
    private const int Longest = 200;

    public static ValueTask<IdempotencyKey> BindAsync(HttpContext context)
    {
        if (!context.Request.Headers.TryGetValue(Header, out var values))
            return ValueTask.FromResult(new IdempotencyKey(null));
        var value = values.ToString();
        return value.Length is > 0 and <= Longest && value.All(c => c is > ' ' and <= '~')
            ? ValueTask.FromResult(new IdempotencyKey(value))
            : throw new ValidationException([new ValidationFailure(Header, $"Must be 1 to {Longest} visible ASCII characters, such as a UUID.")]);
    }

    /// <summary>Tells whether two requests with one key ask for the same.</summary>
    public string HashOf(PlaceOrder request) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, OrderingJson.Default.PlaceOrder)));
}

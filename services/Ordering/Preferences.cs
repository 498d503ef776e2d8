namespace OrderMall.Ordering;

/// <summary>The <c>Prefer</c> header (RFC 7240).</summary>
/// <param name="RespondAsync">Whether the customer is willing to wait for the outcome.</param>
internal readonly record struct Preferences(bool RespondAsync)
{
    public const string RespondAsyncToken = "respond-async";

    public static ValueTask<Preferences> BindAsync(HttpContext context) => ValueTask.FromResult(new Preferences(
        context.Request.Headers["Prefer"]
            .SelectMany(value => value?.Split(',') ?? [])
            .Any(preference => preference.Split(';')[0].Trim().Equals(RespondAsyncToken, StringComparison.OrdinalIgnoreCase))));
}

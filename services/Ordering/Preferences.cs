using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace OrderMall.Ordering;

/// <summary>The <c>Prefer</c> header (RFC 7240).</summary>
/// <param name="RespondAsync">Whether the customer is willing to wait for the outcome.</param>
internal readonly record struct Preferences(bool RespondAsync) : IEndpointParameterMetadataProvider
{
    public const string RespondAsyncToken = "respond-async";

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new RequestHeader("Prefer", $"{RespondAsyncToken}: where payment does not answer, the mall waits for it instead of refusing the order (202)."));

    public static ValueTask<Preferences> BindAsync(HttpContext context) => ValueTask.FromResult(new Preferences(
        context.Request.Headers["Prefer"]
            .SelectMany(value => value?.Split(',') ?? [])
            .Any(preference => preference.Split(';')[0].Trim().Equals(RespondAsyncToken, StringComparison.OrdinalIgnoreCase))));
}

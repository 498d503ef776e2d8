using System.Collections.Frozen;
using System.Security.Claims;
using System.Text;
using FluentValidation.Results;
using FluentValidation;
using Microsoft.Extensions.Primitives;

namespace OrderMall.Gateway.Forwarding;

/// <summary>Which headers pass the gateway, each way. What services trust is set here and nowhere else.</summary>
internal static class ForwardedHeaders
{
    public const string EmailHeader = GatewayIdentity.HeaderPrefix + "Email";

    // Of one connection, not of the message (RFC 9110, section 7.6.1).
    private static readonly string[] HopByHop =
        ["Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade"];

    // The trace context is written anew from the gateway's own span.
    private static readonly FrozenSet<string> NotIn = FrozenSet.ToFrozenSet(
        [.. HopByHop, "Host", "Expect", "Authorization", "Cookie", "Forwarded", "Traceparent", "Tracestate", "Baggage", "Request-Id", "Correlation-Context"],
        StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> NotOut = FrozenSet.ToFrozenSet(
        [.. HopByHop, "Server", "Date", "Traceparent", "Tracestate", "Baggage"],
        StringComparer.OrdinalIgnoreCase);

    private static readonly string[] NotInPrefixes = [GatewayIdentity.HeaderPrefix, "Dapr-", "X-Forwarded-"];
    private static readonly string[] NotOutPrefixes = [GatewayIdentity.HeaderPrefix, "Dapr-"];

    /// <summary>Passes a person's headers on, and says who the person is.</summary>
    /// <param name="asBusiness">Whether it is done for the business that the person belongs to: services know that one.</param>
    /// <exception cref="ValidationException">A header has characters that HTTP does not pass on.</exception>
    public static void CopyIn(HttpRequest from, HttpRequestMessage to, bool asBusiness)
    {
        var connection = from.Headers.Connection;
        foreach (var (name, values) in from.Headers)
        {
            if (NotIn.Contains(name) || HasPrefix(name, NotInPrefixes) || IsNamedBy(connection, name))
                continue;
            if (values.Any(value => value is not null && (!Ascii.IsValid(value) || value.Any(c => char.IsControl(c) && c != '\t'))))
                throw new ValidationException([new ValidationFailure(name, "The header may contain printable ASCII characters only.")]);
            if (!to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
                to.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        }

        var user = from.HttpContext.User;
        if ((asBusiness ? Permissions.BusinessOf(user) : user.FindFirstValue(ClaimTypes.NameIdentifier)) is not { } id)
            return;
        to.Headers.TryAddWithoutValidation(GatewayIdentity.UserHeader, id);
        to.Headers.TryAddWithoutValidation(GatewayIdentity.RolesHeader, string.Join(',', user.FindAll(ClaimTypes.Role).Select(role => role.Value)));
        if (user.FindFirstValue(ClaimTypes.Name) is { } called)
            to.Headers.TryAddWithoutValidation(GatewayIdentity.NameHeader, Uri.EscapeDataString(called));
        if (Permissions.MembershipOf(user) is { } business)
            to.Headers.TryAddWithoutValidation(GatewayIdentity.BusinessHeader, business);
        if (user.FindFirstValue(ClaimTypes.Email) is { } email)
            to.Headers.TryAddWithoutValidation(EmailHeader, System.Text.Ascii.IsValid(email) ? email : Uri.EscapeDataString(email));
    }

    /// <summary>Passes a service's headers on.</summary>
    public static void CopyOut(HttpResponseMessage from, HttpResponse to)
    {
        foreach (var (name, values) in from.Headers.NonValidated.Concat(from.Content.Headers.NonValidated))
        {
            if (!NotOut.Contains(name) && !HasPrefix(name, NotOutPrefixes))
                to.Headers[name] = values.ToArray();
        }
    }

    private static bool HasPrefix(string name, string[] prefixes)
    {
        foreach (var prefix in prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }

    private static bool IsNamedBy(StringValues connection, string name) =>
        connection.Count > 0 && connection.Any(value => value?.Split(',', StringSplitOptions.TrimEntries).Contains(name, StringComparer.OrdinalIgnoreCase) == true);
}

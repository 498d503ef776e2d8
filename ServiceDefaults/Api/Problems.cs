using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>The problems the mall answers with (RFC 9457). A problem's type stays the same for ever; its words may change.</summary>
public static class Problems
{
    /// <summary>The prefix of every problem type.</summary>
    public const string TypePrefix = "urn:ordermall:problem:";

    /// <summary>After how many seconds to retry what an unreachable service made impossible.</summary>
    public const int RetryAfterSeconds = 5;

    /// <summary>Makes a problem.</summary>
    /// <param name="type">The last part of the type, such as <c>sold-out</c>.</param>
    /// <param name="title">The same words for every problem of the type.</param>
    /// <param name="detail">What it is this time, and what to do about it.</param>
    public static ProblemHttpResult Of(int status, string type, string title, string detail) =>
        TypedResults.Problem(detail, statusCode: status, title: title, type: TypePrefix + type);

    /// <summary>Makes a transient problem, and says when to retry.</summary>
    public static ProblemHttpResult RetryLater(HttpContext context, int status, string type, string title, string detail, int seconds = RetryAfterSeconds)
    {
        context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        return Of(status, type, title, detail);
    }

    /// <summary>There is no such thing, or it is somebody else's.</summary>
    public static ProblemHttpResult NotFound(string what) =>
        Of(StatusCodes.Status404NotFound, "not-found", "Not found.", $"There is no such {what}, or it is not yours.");

    /// <summary>The thing's state does not allow it.</summary>
    /// <param name="members">What a program needs to know besides, by name.</param>
    public static ProblemHttpResult Conflict(string type, string detail, IDictionary<string, object?>? members = null) => TypedResults.Problem(
        detail, statusCode: StatusCodes.Status409Conflict, title: "Not possible any more.", type: TypePrefix + type, extensions: members);

    /// <summary>Fields of the request are wrong.</summary>
    /// <param name="field">The field as the client writes it.</param>
    public static ValidationProblem Invalid(string field, string message) =>
        Invalid(new Dictionary<string, string[]> { [field] = [message] });

    /// <summary>Fields of the request are wrong.</summary>
    /// <param name="errors">By field, as the client writes it.</param>
    public static ValidationProblem Invalid(IDictionary<string, string[]> errors) =>
        TypedResults.ValidationProblem(errors, type: TypePrefix + "validation", title: "Some fields are wrong.");
}

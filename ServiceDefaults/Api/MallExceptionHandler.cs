using System.Text.Json;
using FluentValidation;
using Microsoft.AspNetCore.Diagnostics;
using OrderMall.ServiceDefaults.Database;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.ServiceDefaults.Api;

/// <summary>Turns what was thrown into a problem: bad input names its field, an unreachable service says when to retry.</summary>
internal sealed partial class MallExceptionHandler(ILogger<MallExceptionHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        DatabaseFailure.EvictPools(exception, httpContext.RequestServices);
        if (httpContext.RequestAborted.IsCancellationRequested)
        {
            // Nobody is there to read an answer.
            httpContext.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            return true;
        }

        var answer = DatabaseFailure.CauseOf(exception) is { } transient ? Unavailable(httpContext, transient) : Describe(exception, httpContext);
        await answer.ExecuteAsync(httpContext);
        return true;
    }

    private IResult Describe(Exception exception, HttpContext context)
    {
        switch (exception)
        {
            case ValidationException invalid:
                return Problems.Invalid(invalid.Errors
                    .GroupBy(error => error.PropertyName)
                    .ToDictionary(field => field.Key, field => field.Select(error => error.ErrorMessage).ToArray()));
            case BadHttpRequestException { InnerException: JsonException json } when RequiredFields.MissingIn(json) is { Count: > 0 } missing:
                return Problems.Invalid(missing.ToDictionary(field => field, _ => new[] { "Is missing. See /openapi/v1.json for what it takes." }));
            case BadHttpRequestException { InnerException: JsonException json }:
                return Problems.Invalid(FieldOf(json), json.Path is { Length: > 1 }
                    ? "Has the wrong type, an unknown value, or a character that cannot be kept. See /openapi/v1.json for what it takes."
                    : "The body is not valid JSON. See /openapi/v1.json for what it takes.");
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return Problems.Of(StatusCodes.Status413PayloadTooLarge, "too-large", "The request is too large.", "The body is larger than any request of this mall needs to be.");
            case BadHttpRequestException { StatusCode: StatusCodes.Status415UnsupportedMediaType }:
                return Problems.Of(StatusCodes.Status415UnsupportedMediaType, "not-json", "The body must be JSON.", "Send the body with Content-Type: application/json.");
            case BadHttpRequestException bad:
                return Problems.Of(bad.StatusCode, "bad-request", "The request cannot be read.", WhatIsMissing(bad));
            case ServiceUnavailableException unavailable:
                return Unavailable(context, unavailable.Message, $"The mall's {unavailable.AppId} is not available at the moment. Nothing was changed. Try again shortly.");
            case SidecarException or TimeoutException or OperationCanceledException:
                return Unavailable(context, exception);
            default:
                LogUnhandled(exception, context.Request.Path);
                return Problems.Of(StatusCodes.Status500InternalServerError, "internal", "Something went wrong.", "The mall made a mistake; it is in its log. Try again, and tell the operator if it stays.");
        }
    }

    private IResult Unavailable(HttpContext context, Exception exception) =>
        Unavailable(context, exception.Message, "A part of the mall is not available at the moment. Try again shortly.");

    private IResult Unavailable(HttpContext context, string reason, string detail)
    {
        LogUnavailable(reason, context.Request.Path);
        return Problems.RetryLater(context, StatusCodes.Status503ServiceUnavailable, "unavailable", "Not available at the moment.", detail);
    }

    // The framework's own words name C# types and parameters.
    private static string WhatIsMissing(BadHttpRequestException bad) =>
        bad.Message.Contains("no body", StringComparison.OrdinalIgnoreCase) || bad.Message.Contains("from body", StringComparison.OrdinalIgnoreCase)
            ? "It needs a JSON body. See /openapi/v1.json for what it takes."
            : "See /openapi/v1.json for what it takes.";

    // "$.quantity" is the field "quantity"; the whole body is "body".
    private static string FieldOf(JsonException json) =>
        json.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : "body";

    [LoggerMessage(LogLevel.Error, "Unhandled in {Path}")]
    private partial void LogUnhandled(Exception exception, string path);

    [LoggerMessage(LogLevel.Warning, "{Reason} (while serving {Path})")]
    private partial void LogUnavailable(string reason, string path);
}

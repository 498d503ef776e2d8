using System.Net;
using System.Text.Json;

namespace OrderMall.People;

/// <summary>What the mall answered.</summary>
/// <param name="Request">What was asked, for failures.</param>
/// <param name="Headers">All headers, the content's too.</param>
/// <param name="Took">From sending to the end of the answer.</param>
public sealed record Answer(string Request, HttpStatusCode Status, IReadOnlyDictionary<string, string> Headers, string Text, TimeSpan Took)
{
    private const string ProblemType = "urn:ordermall:problem:";

    /// <summary>The body as JSON.</summary>
    public JsonElement Json
    {
        get
        {
            using var document = JsonDocument.Parse(Text);
            return document.RootElement.Clone();
        }
    }

    /// <summary>The last part of the problem's type; <see langword="null"/> where the answer is no problem of the mall.</summary>
    public string? Problem =>
        Headers.GetValueOrDefault("Content-Type") == "application/problem+json"
        && IsJson && Json.TryGetProperty("type", out var type) && type.GetString() is { } text && text.StartsWith(ProblemType, StringComparison.Ordinal)
            ? text[ProblemType.Length..]
            : null;

    /// <summary>Whether it says that a service is unreachable, as it must be said: when to try again, and a problem.</summary>
    public bool IsUnreachable => Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout && Header("Retry-After") is not null && Problem is not null;

    /// <summary>Whether it says that too many are inside.</summary>
    public bool IsOverload => Problem == "overloaded";

    /// <summary>Whether the body is JSON.</summary>
    public bool IsJson
    {
        get
        {
            try
            {
                using var document = JsonDocument.Parse(Text);
                return true;
            }
            catch (JsonException)
            {
                return false;
            }
        }
    }

    /// <summary>A field of the body.</summary>
    public string? this[string field] => Json.GetProperty(field).ToString();

    /// <summary>Reads the header.</summary>
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>Fails unless the status is this.</summary>
    public Answer Is(HttpStatusCode status)
    {
        if (Status != status)
            throw new UnexpectedAnswerException($"It should be {(int)status} {status}, but is: {this}", this);
        return this;
    }

    /// <summary>Fails unless it is this problem, and says when to come again if it is one that passes.</summary>
    public Answer IsProblem(HttpStatusCode status, string problem)
    {
        Is(status);
        if (status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.TooManyRequests && Header("Retry-After") is null)
            Assert.Fail($"It should have a Retry-After: {this}");
        if (Problem != problem)
            Assert.Fail($"It should be the problem {problem}, but is: {this}");
        return this;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Request} -> {(int)Status} [{Headers.GetValueOrDefault("Content-Type")}] {(Text.Length <= 1_000 ? Text : Text[..1_000])}";
}

using System.Collections.Concurrent;
using System.Net;

namespace OrderMall.People;

/// <summary>What the mall answered in the mix: how often what, and nothing that it must not.</summary>
public sealed class Answers
{
    private readonly ConcurrentDictionary<string, int> _counts = new();

    /// <summary>Asks, again when it is told to ask less often, and fails on what is neither expected nor the answer for a service that is away.</summary>
    /// <returns>The answer; <see langword="null"/> when a service was away, and what became of it is not known.</returns>
    public async Task<Answer?> AskAsync(Func<Task<Answer>> ask, params HttpStatusCode[] expected)
    {
        var answer = await Person.PatientlyAsync(ask);
        var isAway = answer.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout && answer.Header("Retry-After") is not null && answer.Problem is not null;
        if (!isAway && !expected.Contains(answer.Status))
            Assert.Fail($"Nobody expected: {answer}");
        var request = answer.Request.Split('?')[0];
        _counts.AddOrUpdate($"{string.Join('/', request.Split('/').Where(part => !Guid.TryParse(part, out _)))} {(int)answer.Status} {answer.Problem}", 1, (_, count) => count + 1);
        return isAway ? null : answer;
    }

    /// <summary>How often each was given.</summary>
    public override string ToString() => string.Join('\n', _counts.OrderBy(count => count.Key).Select(count => $"{count.Value,7} {count.Key}"));
}

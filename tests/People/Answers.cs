using System.Collections.Concurrent;
using System.Net;

namespace OrderMall.People;

/// <summary>What the mall answered in the mix: how often what, and nothing that it must not.</summary>
/// <param name="found">
/// Told of what nobody expected, where the mall's door itself may break down: then a request without an answer is counted like any
/// answer. Without it both fail at once.
/// </param>
public sealed class Answers(Action<string>? found = null)
{
    private readonly ConcurrentDictionary<(string Request, string Answer), int> _counts = new();

    /// <summary>How often each request was answered how.</summary>
    public IReadOnlyDictionary<(string Request, string Answer), int> Counts => _counts;

    /// <summary>Asks, again when it is told to ask less often.</summary>
    /// <returns>An answer that was expected; <see langword="null"/> when a service was unreachable, and what became of it is not known.</returns>
    public async Task<Answer?> AskAsync(Func<Task<Answer>> ask, params HttpStatusCode[] expected) =>
        await AskOnceAsync(ask, expected) is { IsUnreachable: false } answer ? answer : null;

    /// <summary>The same, but says what an unreachable service was answered for with.</summary>
    /// <returns>An answer that was expected, or that of an unreachable service; <see langword="null"/> when there was none that means anything.</returns>
    public async Task<Answer?> AskOnceAsync(Func<Task<Answer>> ask, params HttpStatusCode[] expected)
    {
        Answer answer;
        try
        {
            answer = await Person.PatientlyAsync(ask);
        }
        catch (UnansweredException unanswered) when (found is not null)
        {
            Count(unanswered.Request, unanswered.InTime ? "no answer: connection broke" : "no answer in time");
            return null;
        }

        Count(answer.Request, $"{(int)answer.Status} {answer.Problem}".TrimEnd());
        if ((answer.IsJson || answer.Status == HttpStatusCode.NoContent) && (answer.IsUnreachable || expected.Contains(answer.Status)))
            return answer;
        if (found is null)
            Assert.Fail($"Nobody expected: {answer}");
        found($"Nobody expected: {answer}");
        return null;
    }

    /// <summary>How often each was given.</summary>
    public override string ToString() => string.Join('\n', _counts.OrderBy(count => count.Key).Select(count => $"{count.Value,7} {count.Key.Request} {count.Key.Answer}"));

    // Without ids and queries.
    private void Count(string request, string answer) => _counts.AddOrUpdate(
        (string.Join('/', request.Split('?')[0].Split('/').Where(part => !Guid.TryParse(part, out _))), answer), 1, (_, count) => count + 1);
}

using System.Globalization;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace OrderMall.ServiceDefaults.Dapr;

/// <summary>
/// How calls to one other service fare, where the sidecars have no policies for them: on Azure Container Apps, and outside the mall. <c>infra/mall.bicep</c> writes these
/// settings there (<c>Resiliency:{app id}:...</c>) from <c>components/resiliency.yaml</c>; elsewhere there are none, and the sidecar
/// keeps to that file itself.
/// </summary>
internal static class CallPolicy
{
    /// <summary>Reads what is configured for calls to a service.</summary>
    /// <returns>The policy, for each path its own, since a breaker is kept per path; <see langword="null"/> where nothing is configured.</returns>
    /// <exception cref="InvalidOperationException">A setting cannot be read; the message names it.</exception>
    public static Func<TimeProvider, ResiliencePipeline<HttpResponseMessage>>? Read(IConfiguration configuration, string appId)
    {
        var section = configuration.GetSection($"Resiliency:{appId}");
        if (!section.Exists())
            return null;
        var timeout = Setting("Timeout", static text => TimeSpan.Parse(text, CultureInfo.InvariantCulture));
        var retries = Setting("Retries", static text => int.Parse(text, CultureInfo.InvariantCulture));
        var retryAfter = Setting("RetryAfter", static text => TimeSpan.Parse(text, CultureInfo.InvariantCulture)) ?? TimeSpan.Zero;
        var retryOn = section["RetryOn"] is null ? [] : SettingOf("RetryOn", StatusCodes);
        var breakAfter = Setting("BreakAfter", static text => int.Parse(text, CultureInfo.InvariantCulture));
        var breakFor = Setting("BreakFor", static text => TimeSpan.Parse(text, CultureInfo.InvariantCulture)) ?? TimeSpan.FromSeconds(3);

        return time => Build(time, timeout, retries, retryAfter, retryOn, breakAfter, breakFor);

        T? Setting<T>(string name, Func<string, T> read)
            where T : struct => section[name] is null ? null : SettingOf(name, read);

        T SettingOf<T>(string name, Func<string, T> read)
        {
            try
            {
                return read(section[name]!);
            }
            catch (Exception wrong) when (wrong is FormatException or OverflowException)
            {
                throw new InvalidOperationException($"{section.Path}:{name} is '{section[name]}', which is not what it should be: see components/resiliency.yaml.", wrong);
            }
        }
    }

    /// <summary>For who is outside the mall and has nothing configured: as <c>payment-provider</c> in <c>components/resiliency.yaml</c>.</summary>
    public static ResiliencePipeline<HttpResponseMessage> External(TimeProvider time) =>
        Build(time, TimeSpan.FromSeconds(3), retries: null, TimeSpan.Zero, [], breakAfter: 5, TimeSpan.FromSeconds(3), refusalsAreAnswers: true);

    private static ResiliencePipeline<HttpResponseMessage> Build(TimeProvider time, TimeSpan? timeout, int? retries, TimeSpan retryAfter, HashSet<int> retryOn, int? breakAfter, TimeSpan breakFor, bool refusalsAreAnswers = false)
    {
        // In Dapr's order: each try has its own time, and an open breaker is not asked twice.
        var pipeline = new ResiliencePipelineBuilder<HttpResponseMessage>();
        if (retries is > 0)
        {
            pipeline.AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = retries.Value,
                Delay = retryAfter,
                ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is not (null or BrokenCircuitException)
                    || (attempt.Outcome.Result is { } answer && retryOn.Contains((int)answer.StatusCode))),
            });
        }

        if (breakAfter is > 0)
            pipeline.AddStrategy(_ => new CallBreaker(time, breakAfter.Value, breakFor, refusalsAreAnswers), new NoOptions());

        return (timeout is null ? pipeline : pipeline.AddTimeout(timeout.Value)).Build();
    }

    private sealed class NoOptions : ResilienceStrategyOptions;

    // As in Dapr: 429,500-599.
    private static HashSet<int> StatusCodes(string text) =>
        [.. text.Split(',', StringSplitOptions.TrimEntries).SelectMany(part =>
        {
            var ends = part.Split('-').Select(end => int.Parse(end, NumberStyles.None, CultureInfo.InvariantCulture)).ToList();
            return Enumerable.Range(ends[0], ends[^1] - ends[0] + 1);
        })];
}

using System.Net.Sockets;

namespace OrderMall.Sidecar.Apps;

/// <summary>Asks every instance for its health, for as long as the sidecar runs.</summary>
internal sealed partial class HealthProbes(SidecarOptions options, HttpMessageInvoker client, ILogger logger)
{
    public Task RunAsync(IEnumerable<App> apps, CancellationToken cancellationToken) =>
        Task.WhenAll(from app in apps from instance in app.Instances select ProbeAsync(app, instance, cancellationToken));

    private async Task ProbeAsync(App app, AppInstance instance, CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var answer = await AskAsync(app, instance, cancellationToken);
            if (cancellationToken.IsCancellationRequested)
                return;
            failures = answer == Answer.Healthy ? 0 : failures + 1;
            var healthy = answer == Answer.Healthy
                || (answer == Answer.Failing && instance.Healthy && failures < options.ProbeThreshold);
            if (healthy != instance.Healthy)
            {
                LogHealth(logger, app.AppId, instance.BaseAddress, healthy ? "healthy" : "unhealthy");
                app.SetHealth(instance, healthy);
            }

            try
            {
                await instance.NextProbeAsync(options.ProbeInterval, isWell: healthy && failures == 0, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private enum Answer
    {
        Healthy,
        Failing,
        NobodyListens,
    }

    private async Task<Answer> AskAsync(App app, AppInstance instance, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.ProbeTimeout);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, instance.BaseAddress + app.Settings.HealthPath);
            AppToken.AddTo(request, app);
            using var response = await client.SendAsync(request, limit.Token);
            return response.IsSuccessStatusCode ? Answer.Healthy : Answer.Failing;
        }
        catch (HttpRequestException failure)
        {
            return IsRefusal(failure) ? Answer.NobodyListens : Answer.Failing;
        }
        catch (OperationCanceledException)
        {
            return Answer.Failing;
        }
    }

    /// <summary>Whether the connection was refused, so that certainly nothing was sent.</summary>
    public static bool IsRefusal(HttpRequestException failure) =>
        failure.GetBaseException() is SocketException { SocketErrorCode: SocketError.ConnectionRefused };

    [LoggerMessage(Level = LogLevel.Information, Message = "{AppId} at {Address} is {Health}")]
    private static partial void LogHealth(ILogger logger, string appId, string address, string health);
}


namespace OrderMall.Sidecar.PubSub;

/// <summary>Asks an app for its subscriptions each time it becomes healthy, and opens and closes its queues with its health.</summary>
internal sealed partial class SubscriptionSync(App app, Subscriptions subscriptions, HttpMessageInvoker client, ILogger logger) : IDisposable
{
    private const int MostAnswerBytes = 1 << 20;

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _becameHealthy = new(0, 1);

    /// <summary>Runs until the sidecar stops.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        app.HealthChanged += OnHealthChanged;
        try
        {
            while (true)
            {
                if (!app.Healthy)
                    await _becameHealthy.WaitAsync(cancellationToken);
                while (app.Healthy && !await TrySyncAsync(cancellationToken))
                    await Task.Delay(RetryPause, cancellationToken);
                // It may have become unhealthy while it was asked: the queues were opened after that was reported.
                if (!app.Healthy)
                    Close();
                else
                    await _becameHealthy.WaitAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The sidecar stops.
        }
        finally
        {
            app.HealthChanged -= OnHealthChanged;
        }
    }

    public void Dispose() => _becameHealthy.Dispose();

    private void OnHealthChanged(App changed, bool healthy)
    {
        if (!healthy)
        {
            Close();
            return;
        }

        if (_becameHealthy.CurrentCount == 0)
            _becameHealthy.Release();
    }

    private void Close()
    {
        foreach (var queue in subscriptions.Of(app.AppId))
            queue.Close();
    }

    private async Task<bool> TrySyncAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Dapr asks for this first. What it could answer (actors) the embedded sidecar does not have.
            await GetAsync("/dapr/config", cancellationToken);
            var (served, refusals) = SubscriptionReader.Read(await GetAsync("/dapr/subscribe", cancellationToken));
            foreach (var refusal in refusals)
                LogRefusal(logger, app.AppId, refusal);
            await subscriptions.ApplyAsync(app, served, cancellationToken);
            LogSubscribed(logger, app.AppId, served.Count);
            return true;
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            LogRetry(logger, app.AppId, failure.Message);
            return false;
        }
    }

    private async Task<byte[]> GetAsync(string path, CancellationToken cancellationToken)
    {
        var instance = app.NextInstance() ?? throw new HttpRequestException("no instance is healthy");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerLimit);
        using var request = new HttpRequestMessage(HttpMethod.Get, instance.BaseAddress + path);
        AppToken.AddTo(request, app);
        using var response = await client.SendAsync(request, limit.Token);
        if ((int)response.StatusCode == StatusCodes.Status404NotFound)
            return [];
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{path} answered {(int)response.StatusCode}");
        await response.Content.LoadIntoBufferAsync(MostAnswerBytes, limit.Token);
        return await response.Content.ReadAsByteArrayAsync(limit.Token);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{AppId}: a subscription cannot be served as it is: {Problem}")]
    private static partial void LogRefusal(ILogger logger, string appId, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "{AppId} has {Count} subscriptions")]
    private static partial void LogSubscribed(ILogger logger, string appId, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{AppId} did not tell its subscriptions, asking again: {Problem}")]
    private static partial void LogRetry(ILogger logger, string appId, string problem);
}

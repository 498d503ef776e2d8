
namespace OrderMall.Sidecar.PubSub;

/// <summary>Asks an app for its subscriptions each time it becomes healthy, and opens and closes its queues with its health.</summary>
internal sealed partial class SubscriptionSync(App app, Subscriptions subscriptions, HttpMessageInvoker client, ILogger logger) : IDisposable
{
    private const int MostAnswerBytes = 1 << 20;

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _becameHealthy = new(0, 1);

    /// <summary>Runs until the sidecar stops.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        app.HealthChanged += OnHealthChanged;
        try
        {
            while (true)
            {
                if (!app.Healthy)
                    await _becameHealthy.WaitAsync(ct);
                while (app.Healthy && !await TrySyncAsync(ct))
                    await Task.Delay(RetryPause, ct);
                // It may have gone while it was asked; the queues were opened after that was told.
                if (!app.Healthy)
                    Close();
                else
                    await _becameHealthy.WaitAsync(ct);
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

    private async Task<bool> TrySyncAsync(CancellationToken ct)
    {
        try
        {
            // Dapr asks for this first. What it could answer (actors) the embedded sidecar does not have.
            await GetAsync("/dapr/config", ct);
            var (served, refusals) = SubscriptionReader.Read(await GetAsync("/dapr/subscribe", ct));
            foreach (var refusal in refusals)
                LogRefusal(logger, app.AppId, refusal);
            await subscriptions.ApplyAsync(app, served, ct);
            LogSubscribed(logger, app.AppId, served.Count);
            return true;
        }
        catch (Exception failure) when (!ct.IsCancellationRequested)
        {
            LogRetry(logger, app.AppId, failure.Message);
            return false;
        }
    }

    private async Task<byte[]> GetAsync(string path, CancellationToken ct)
    {
        var instance = app.NextInstance() ?? throw new HttpRequestException("no instance is healthy");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
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

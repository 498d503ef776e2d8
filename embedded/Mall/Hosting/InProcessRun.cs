namespace OrderMall.Mall.Hosting;

/// <summary>A service in this process.</summary>
internal sealed class InProcessRun(Func<string[], WebApplication> create, IReadOnlyDictionary<string, string> settings) : IServiceRun
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    // In one console the services say only what needs attention.
    private static readonly string[] Quiet =
    [
        "--Logging:Console:LogLevel:Default=Warning",
        "--Logging:Console:LogLevel:Microsoft.Hosting.Lifetime=Warning",
        // Said again, since what is said of a provider counts for more: see ServiceHost.
        "--Logging:Console:LogLevel:Microsoft.EntityFrameworkCore.Update=None",
        "--Logging:Console:LogLevel:Microsoft.EntityFrameworkCore.Database.Command=None",
        "--Logging:Console:LogLevel:Microsoft.AspNetCore.DataProtection=Error", // keys lie unwrapped in a database of their owner's only
        "--Logging:Console:FormatterName=simple",
        "--Logging:Console:FormatterOptions:SingleLine=true",
        "--Logging:Console:FormatterOptions:TimestampFormat=HH:mm:ss ",
    ];

    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebApplication? app;

    public Task Ended => ended.Task;

    public async Task StartAsync(CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        app = create([.. settings.Select(s => $"--{s.Key}={s.Value}"), .. Quiet]);
        // Not with the token: a host that is cancelled half started complains at length. It is stopped once it runs.
        using var limit = new CancellationTokenSource(StartLimit);
        await app.StartAsync(limit.Token);
        app.Lifetime.ApplicationStopping.Register(() => ended.TrySetResult());
    }

    public async ValueTask DisposeAsync()
    {
        if (app is null)
            return;
        using var limit = new CancellationTokenSource(AppPlan.EndLimit);
        try
        {
            await app.StopAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            // What did not finish in time is cut off.
        }
        finally
        {
            await app.DisposeAsync();
        }
    }
}

namespace OrderMall.Mall.Hosting;

/// <summary>One run of one instance, from its start to its end. Disposing it stops it in order, within some seconds.</summary>
internal interface IServiceRun : IAsyncDisposable
{
    /// <summary>Starts it, and returns when it serves.</summary>
    Task StartAsync(CancellationToken ct);

    /// <summary>Completes when it ended, or had to be ended, without being asked to.</summary>
    Task Ended { get; }
}

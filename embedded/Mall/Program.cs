using OrderMall.Mall;

return await ConsoleProgram.RunAsync(args, CommandLine.Usage, Parse, RunAsync);

static MallOptions Parse(string[] args) => CommandLine.Parse(args, Environment.GetEnvironmentVariable("ConnectionStrings__postgres"));

static async Task<int> RunAsync(MallOptions options, CancellationToken stopping)
{
    var screen = new Screen();
    try
    {
        await using var mall = await EmbeddedMall.OpenAsync(options, screen, stopping);
        screen.Opened(mall, options);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stopping.Register(() => stopped.TrySetResult());
        await stopped.Task;
        screen.Report("Closing the mall: what is in flight is finished first. Ctrl+C again quits at once");
    }
    catch (OperationCanceledException) when (stopping.IsCancellationRequested)
    {
        screen.Report("Stopped before it was open");
        throw;
    }

    screen.Report("Closed. Everything is kept for the next time");
    return 0;
}

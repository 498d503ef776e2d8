using System.Runtime.InteropServices;
using OrderMall.Mall;
using OrderMall.Postgres;
using OrderMall.Sidecar;

if (args.Contains("--help"))
{
    Console.WriteLine(CommandLine.Usage);
    return 0;
}

MallOptions options;
try
{
    options = CommandLine.Parse(args, Environment.GetEnvironmentVariable("ConnectionStrings__postgres"));
}
catch (FormatException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 2;
}

var stopAsked = 0L;
using var stopping = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);

var screen = new Screen();
try
{
    await using var mall = await EmbeddedMall.OpenAsync(options, screen, stopping.Token);
    screen.Opened(mall, options);
    var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    await using var registration = stopping.Token.Register(() => stopped.TrySetResult());
    await stopped.Task;
    screen.Report("Closing the mall: what is under way is finished first. Ctrl+C again quits at once");
}
catch (OperationCanceledException) when (stopping.IsCancellationRequested)
{
    screen.Report("Stopped before it was open");
    return 130;
}
catch (Exception failed) when (failed is MallException or PostgresClusterException or SidecarConfigurationException)
{
    Console.Error.WriteLine(failed.Message);
    return 1;
}

screen.Report("Closed. Everything is kept for the next time");
return 0;

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    var first = Interlocked.CompareExchange(ref stopAsked, Environment.TickCount64, 0);
    // One Ctrl+C may come twice: from the terminal, and passed on by mall.cs.
    if (first != 0 && Environment.TickCount64 - first > 500)
        Environment.Exit(130);
    // Not here: what is registered would run on the thread that has to take the next signal.
    _ = Task.Run(stopping.Cancel);
}

using System.Diagnostics;
using OrderMall.Postgres;

namespace OrderMall.Mall.Hosting;

/// <summary>What a process of the mall runs and how it is watched.</summary>
/// <param name="Name">Names its log and its pid file.</param>
/// <param name="Command">The program and its arguments: visible to other users of the machine, so no secrets.</param>
/// <param name="Health">Answers 200 when it serves.</param>
/// <param name="Alive">Answers 200 while it lives.</param>
/// <param name="Token">Sent to both in <c>dapr-api-token</c>.</param>
/// <param name="Inherited">What it finds open; nothing if left out.</param>
internal sealed record ProcessPlan(
    string Name,
    IReadOnlyList<string> Command,
    IReadOnlyDictionary<string, string> Environment,
    Uri Health,
    Uri Alive,
    string Token,
    InheritedDescriptor? Inherited = null);

/// <summary>A service as a process of its own. Ends it when it hangs: when it has not answered four times in a row, some eight seconds.</summary>
internal sealed class ProcessRun(ProcessPlan plan, DataFolder folder, HttpClient http) : IServiceRun
{
    private const int MissesAllowed = 3;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan AliveInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AliveLimit = TimeSpan.FromSeconds(1);

    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource stopping = new();
    private readonly BoundedLog log = new(Path.Combine(folder.Logs, plan.Name + ".log"));
    private Process? process;
    private Task watching = Task.CompletedTask;

    public Task Ended => ended.Task;

    public int? ProcessId => process is { HasExited: false } alive ? alive.Id : null;

    public async Task StartAsync(CancellationToken ct)
    {
        var starting = new Process { StartInfo = StartInfo(), EnableRaisingEvents = true };
        starting.Exited += (_, _) => ended.TrySetResult();
        starting.OutputDataReceived += (_, line) => Write(line);
        starting.ErrorDataReceived += (_, line) => Write(line);
        ChildProcess.Start(starting, plan.Inherited);
        process = starting; // one that could not be started has nothing to be stopped
        folder.Remember(plan.Name, process);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        for (var time = Stopwatch.StartNew(); !await AnswersAsync(plan.Health, ct); await Task.Delay(50, ct))
        {
            if (process.HasExited)
            {
                await process.WaitForExitAsync(ct); // until its last words are read
                throw new MallException($"{plan.Name} ended while starting. Its last words: {log.LastLines}");
            }

            if (time.Elapsed > StartLimit)
                throw new MallException($"{plan.Name} did not get ready within {StartLimit.TotalSeconds:0} s. See {Path.Combine(folder.Logs, plan.Name + ".log")}");
        }

        watching = WatchAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // however that ended, the process is
        if (process is not null)
        {
            await ChildProcess.EndAsync(process, AppPlan.EndLimit);
            folder.Forget(plan.Name);
            process.Dispose();
        }

        log.Dispose();
        stopping.Dispose();
    }

    private ProcessStartInfo StartInfo()
    {
        string[] command = [.. OwnSession.Prefix(), .. plan.Command];
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.Path,
        };
        start.Environment["DOTNET_gcServer"] = "0";
        // Measured with seventeen processes on 2 cores: opening and the first 40 orders take a quarter less CPU without profiles.
        start.Environment["DOTNET_TieredPGO"] = "0";
        // Calls (in hexadecimal) before a method is compiled again, better: with the usual 30, eighteen processes on 2 cores spend half
        // of all CPU on that for two minutes, and after each restart; so 512 calls: with 4,096, what customers wait for stays slow too long.
        start.Environment["DOTNET_TC_CallCountThreshold"] = "200";
        // Threads that wait for work look out for it for a while, in the way of the other processes' work: without that, an isolated mall
        // takes 86 orders a second on 2 cores instead of 60.
        start.Environment["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0";
        foreach (var (key, value) in plan.Environment)
            start.Environment[key == "urls" ? "ASPNETCORE_URLS" : key == "http_ports" ? "ASPNETCORE_HTTP_PORTS" : key.Replace(":", "__", StringComparison.Ordinal)] = value;
        return start;
    }

    private async Task WatchAsync()
    {
        var misses = 0;
        try
        {
            while (!ended.Task.IsCompleted)
            {
                await Task.Delay(AliveInterval, stopping.Token);
                misses = await AnswersAsync(plan.Alive, stopping.Token) ? 0 : misses + 1;
                if (misses <= MissesAllowed)
                    continue;
                log.WriteLine($"{plan.Name} did not answer {misses} times in a row and is killed.");
                process!.Kill();
                ended.TrySetResult();
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
        }
    }

    private async Task<bool> AnswersAsync(Uri uri, CancellationToken ct)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ct);
        limit.CancelAfter(AliveLimit);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            request.Headers.Add("dapr-api-token", plan.Token);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return response.IsSuccessStatusCode;
        }
        catch (Exception silent) when (silent is HttpRequestException || (silent is OperationCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }

    private void Write(DataReceivedEventArgs line)
    {
        if (line.Data is { } text)
            log.WriteLine(text);
    }
}

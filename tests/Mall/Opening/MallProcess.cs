using System.Diagnostics;
using System.Runtime.InteropServices;
using OrderMall.Postgres;

namespace OrderMall.Mall.Tests.Opening;

/// <summary>A mall of its own, as people start it: the program, with its options.</summary>
internal sealed partial class MallProcess : MallPeople, IAsyncDisposable
{
    private const int Terminate = 15;
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    private MallProcess(Process process, Uri address)
    {
        (_process, Address) = (process, address);
        (_output, _errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
    }

    public override Uri Address { get; }

    /// <summary>Starts a mall and returns when its door is open.</summary>
    public static async Task<MallProcess> OpenAsync(string data, params (string Name, string Value)[] environment)
    {
        var ports = OwnPorts();
        var mall = new MallProcess(Start(["--data", data, .. ports], environment), new Uri($"http://127.0.0.1:{ports[1]}"));
        try
        {
            // The port is there before the gateway is: who comes in between is kept waiting.
            using var http = new HttpClient { BaseAddress = mall.Address, Timeout = AnswerLimit };
            await Eventually.Is(true, () => mall.IsOpenAsync(http), Limit);
            return mall;
        }
        catch
        {
            await mall.DisposeAsync();
            throw;
        }
    }

    /// <summary>Options for both doors: without the second it would be the port next to the first, which may be another test's.</summary>
    public static string[] OwnPorts()
    {
        var ports = LoopbackPort.Find(2);
        return ["--port", $"{ports[0]}", "--web-port", $"{ports[1]}"];
    }

    /// <summary>Starts the program and waits for its end.</summary>
    public static async Task<Ended> RunAsync(string[] arguments, params (string Name, string Value)[] environment)
    {
        await using var mall = new MallProcess(Start(arguments, environment), new Uri("http://127.0.0.1"));
        return await mall.EndAsync();
    }

    /// <summary>Asks it to close, and waits until it has.</summary>
    public async Task<Ended> CloseAsync()
    {
        if (Kill(_process.Id, Terminate) != 0)
            Assert.Fail("The mall could not be asked to close.");
        return await EndAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // Asked first: killed, it would leave its PostgreSQL to the next start.
            _ = Kill(_process.Id, Terminate);
            await EndAsync();
        }

        _process.Dispose();
    }

    private static Process Start(string[] arguments, (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(EmbeddedMall).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private async Task<Ended> EndAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"The program did not end within {Limit.TotalSeconds} s.");
        }

        return new Ended(_process.ExitCode, await _output, await _errors);
    }

    private async Task<bool> IsOpenAsync(HttpClient http)
    {
        if (_process.HasExited)
            Assert.Fail($"The mall ended with {_process.ExitCode} instead of opening: {await _errors}");
        try
        {
            using var answer = await http.GetAsync("/health");
            return answer.IsSuccessStatusCode;
        }
        catch (Exception closed) when (closed is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);

    /// <summary>How the program ended.</summary>
    internal sealed record Ended(int ExitCode, string Output, string Errors);
}

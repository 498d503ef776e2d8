using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using OrderMall.Postgres;

namespace OrderMall.Mall.Hosting;

/// <summary>A Redis server of the mall's own, which keeps every write in the data folder.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(10);
    private readonly Process process;
    private readonly DataFolder folder;
    private readonly BoundedLog log;

    private RedisServer(Process process, DataFolder folder, BoundedLog log, RedisAddress address) =>
        (this.process, this.folder, this.log, Address) = (process, folder, log, address);

    public RedisAddress Address { get; }

    /// <summary>Starts the redis-server on the PATH.</summary>
    /// <exception cref="MallException">It is missing or does not start.</exception>
    public static async Task<RedisServer> StartAsync(DataFolder folder, CancellationToken ct)
    {
        var program = OnPath.Find("redis-server")
            ?? throw new MallException("There is no redis-server on the PATH. Install Redis, or name a server with the variable ConnectionStrings__redis (host:port).");
        var data = Directory.CreateDirectory(Path.Combine(folder.Path, "redis")).FullName;
        var address = new RedisAddress(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{LoopbackPort.Find(1)[0]}"), AppPlan.Token());
        string[] command = [.. OwnSession.Prefix(), program, "-"];
        var process = new Process { StartInfo = new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true } };
        ChildProcess.Start(process);
        var server = new RedisServer(process, folder, new BoundedLog(Path.Combine(folder.Logs, "redis.log")), address);
        try
        {
            folder.Remember("redis", process);
            process.OutputDataReceived += (_, line) => server.Write(line);
            process.ErrorDataReceived += (_, line) => server.Write(line);
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            // By its input: what stands in its arguments every user of the machine can read.
            await process.StandardInput.WriteAsync($"""
                bind 127.0.0.1
                port {address.Host.Split(':')[1]}
                requirepass {address.Password}
                dir {data}
                appendonly yes
                appendfsync everysec
                save ""
                maxmemory-policy noeviction

                """);
            process.StandardInput.Close();
            await server.ReadyAsync(ct);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ChildProcess.EndAsync(process, StopLimit);
        folder.Forget("redis");
        process.Dispose();
        log.Dispose();
    }

    private async Task ReadyAsync(CancellationToken ct)
    {
        for (var time = Stopwatch.StartNew(); !await AnswersAsync(ct); await Task.Delay(50, ct))
        {
            if (process.HasExited)
            {
                await process.WaitForExitAsync(ct); // until its last words are read
                throw new MallException($"Redis ended while starting. Its last words: {log.LastLines}");
            }

            if (time.Elapsed > StartLimit)
                throw new MallException($"Redis did not get ready within {StartLimit.TotalSeconds:0} s. See {Path.Combine(folder.Logs, "redis.log")}");
        }
    }

    private async Task<bool> AnswersAsync(CancellationToken ct)
    {
        using var client = new TcpClient();
        try
        {
            var (host, port) = Address.Host.Split(':') is [var h, var p] ? (h, int.Parse(p, CultureInfo.InvariantCulture)) : default;
            await client.ConnectAsync(host, port, ct);
            var stream = client.GetStream();
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"AUTH {Address.Password}\r\nPING\r\n"), ct);
            using var reader = new StreamReader(stream);
            // While it reads its file it says LOADING.
            return await reader.ReadLineAsync(ct) == "+OK" && await reader.ReadLineAsync(ct) == "+PONG";
        }
        catch (Exception absent) when (absent is SocketException or IOException)
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

using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using MimeKit;

namespace OrderMall.Services.Tests;

/// <summary>An SMTP server (RFC 5321) that keeps what it is sent, and refuses what a test says.</summary>
internal sealed class SmtpServer : IAsyncDisposable
{
    /// <summary>The point at the end of a message, as a command.</summary>
    public const string EndOfData = ".";

    /// <summary>An answer that is none: the connection breaks.</summary>
    public const string BreaksOff = "";

    /// <summary>An answer that never comes.</summary>
    public const string IsSilent = "...";

    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentQueue<Mail> _mails = new();
    private readonly ConcurrentQueue<string> _refused = new();
    private readonly ConcurrentBag<Task> _connections = [];
    private readonly Task _accepting;

    private SmtpServer(int port)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>What was sent, as its reader sees it.</summary>
    public sealed record Mail(string From, IReadOnlyList<string> Recipients, IReadOnlyDictionary<string, string> Headers, string Text);

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What was taken so far.</summary>
    public IReadOnlyCollection<Mail> Mails => _mails;

    /// <summary>The commands that were refused so far.</summary>
    public IReadOnlyCollection<string> Refused => _refused;

    /// <summary>Answers commands such as <c>RCPT TO:&lt;bob@mall.test&gt;</c> in its own way; <see langword="null"/> to take them.</summary>
    public Func<string, string?> Refuses { get; set; } = _ => null;

    public static SmtpServer Start(int port = 0) => new(port);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_connections);
        _listener.Dispose();
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var connection = client;
        try
        {
            await using var stream = connection.GetStream();
            using var reader = new StreamReader(stream, Encoding.UTF8);
            await using var writer = new StreamWriter(stream, new UTF8Encoding(false)) { NewLine = "\r\n", AutoFlush = true };
            await writer.WriteLineAsync("220 test ready");
            var (from, recipients) = ("", new List<string>());
            while (await reader.ReadLineAsync(_stopping.Token) is { } command)
            {
                var mail = command == "DATA" ? new List<string>() : null;
                var answer = Refuses(command);
                if (answer is null && mail is not null)
                {
                    await writer.WriteLineAsync("354 go on");
                    while (await reader.ReadLineAsync(_stopping.Token) is { } line && line != EndOfData)
                        mail.Add(line.StartsWith('.') ? line[1..] : line);
                    answer = Refuses(EndOfData);
                }

                if (answer is not null)
                    _refused.Enqueue(command);
                else if (mail is not null)
                    _mails.Enqueue(Read(from, recipients, mail));
                else if (command.StartsWith("MAIL FROM:", StringComparison.OrdinalIgnoreCase))
                    (from, recipients) = (Address(command), []);
                else if (command.StartsWith("RCPT TO:", StringComparison.OrdinalIgnoreCase))
                    recipients.Add(Address(command));
                if (answer == IsSilent)
                    await Task.Delay(Timeout.Infinite, _stopping.Token);
                if (answer == BreaksOff)
                    return;
                await writer.WriteLineAsync(answer ?? (command == "QUIT" ? "221 bye" : "250 ok"));
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone, or the test is over.
        }
    }

    private static string Address(string command) => command[(command.IndexOf('<', StringComparison.Ordinal) + 1)..command.LastIndexOf('>')];

    private static Mail Read(string from, List<string> recipients, List<string> lines)
    {
        // This server offers neither 8BITMIME nor SMTPUTF8.
        Assert.All(lines, line => Assert.True(Ascii.IsValid(line), line));
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => $"{line}\r\n"))));
        var mail = MimeMessage.Load(stream);
        return new Mail(
            from,
            recipients,
            mail.Headers.ToDictionary(header => header.Field, header => header.Value, StringComparer.OrdinalIgnoreCase),
            // Read, it has the line ends of this machine.
            mail.TextBody!.Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\n", "\r\n", StringComparison.Ordinal));
    }
}

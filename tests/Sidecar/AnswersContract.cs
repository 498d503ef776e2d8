using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace OrderMall.Sidecar.Tests;

[Collection(PostgresCollection.Name)]
public sealed class AnswersOfEmbedded(PostgresServer postgres) : AnswersContract(postgres);

[AgainstDaprd]
public sealed class AnswersOfDaprd() : AnswersContract(null);

/// <summary>Answers as apps write them: in pieces, with and without a length, and with whatever bytes in their headers.</summary>
public abstract class AnswersContract(PostgresServer? postgres) : ContractTests(postgres)
{
    private const string Answer = "/v1.0/invoke/app-b/method/answer";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    // Long enough for a sidecar to come to wait for the next piece.
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(15);

    private enum Framing
    {
        ContentLength,
        Chunked,
        UntilClose,
    }

    [ContractFact]
    public Task An_answer_arrives_whole_in_however_many_pieces_it_was_written() => WithAsync(new() { BareB = true }, AllArriveAsync);

    [ContractFact]
    public Task And_so_it_does_under_policies() => WithAsync(new() { BareB = true, Resiliency = ResiliencyContract.With("retry: faults") }, AllArriveAsync);

    [ContractFact]
    public Task Header_bytes_pass_unchanged() => WithAsync(new() { BareB = true }, async sidecar =>
    {
        const string utf8 = "caf\u00c3\u00a9 \u00e2\u0082\u00ac"; // "café €", its bytes as Latin-1
        foreach (var status in new[] { 200, 404 })
        {
            sidecar.BareB.Answers["/answer"] = async stream =>
            {
                await stream.WriteAsync(BareApp.Bytes($"HTTP/1.1 {status} Any\r\nContent-Length: 0\r\nX-Back: {utf8}\r\n\r\n"));
                return true;
            };
            var answer = await AskAsync(sidecar.SidecarPortA, $"GET {Answer} HTTP/1.1\r\nHost: x\r\nX-There: {utf8}\r\nConnection: close\r\n\r\n");
            Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
            Assert.Contains($"X-Back: {utf8}\r\n", answer, StringComparison.OrdinalIgnoreCase);
            Assert.Contains($"X-There: {utf8}\n", sidecar.BareB.Heads.Last(), StringComparison.OrdinalIgnoreCase);
        }
    });

    [ContractFact]
    public Task Headers_that_Connection_names_stay_on_their_connection() => WithAsync(new() { BareB = true }, async sidecar =>
    {
        (string Name, string Value)[] headers = [("Connection", "X-Named, X-Other"), ("X-Named", "1"), ("X-Other", "2"), ("HTTP2-Settings", "3"), ("Keep-Alive", "4"), ("X-Kept", "5")];
        sidecar.BareB.Answers["/answer"] = async stream =>
        {
            await stream.WriteAsync(BareApp.Bytes($"HTTP/1.1 200 Any\r\nContent-Length: 0\r\n{string.Concat(headers.Select(header => $"{header.Name}: {header.Value}\r\n"))}\r\n"));
            return true;
        };
        using var request = new HttpRequestMessage(HttpMethod.Get, Answer);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await sidecar.SidecarA.SendAsync(request);
        var atTheApp = Assert.Single(sidecar.BareB.Heads).Split('\n').Select(line => line.Split(':')[0]);
        foreach (var seen in new[] { atTheApp, response.Headers.NonValidated.Select(header => header.Key) })
            Assert.Equal(["X-Kept"], headers.Select(header => header.Name).Where(name => seen.Contains(name, StringComparer.OrdinalIgnoreCase)));
    });

    private static async Task AllArriveAsync(SidecarUnderTest sidecar)
    {
        foreach (var framing in Enum.GetValues<Framing>())
        {
            foreach (var status in new[] { 200, 422 })
            {
                foreach (var size in new[] { 5, 70_001, 4 << 20 })
                {
                    foreach (var pieces in new[] { 1, 2, 3, 6 })
                        await ArrivesAsync(sidecar, status, framing, size, pieces);
                }
            }
        }

        foreach (var pieces in new[] { 1, 2, 3 })
            await ArrivesAsync(sidecar, 204, Framing.ContentLength, 0, pieces);
    }

    private static async Task ArrivesAsync(SidecarUnderTest sidecar, int status, Framing framing, int size, int pieces)
    {
        var body = new byte[size];
        for (var i = 0; i < size; i++)
            body[i] = (byte)('a' + (i % 23));
        sidecar.BareB.Answers["/answer"] = async stream =>
        {
            foreach (var piece in Pieces(status, framing, body, pieces))
            {
                await stream.WriteAsync(piece);
                await Task.Delay(Apart);
            }

            return framing != Framing.UntilClose;
        };
        using var limit = new CancellationTokenSource(Limit);
        try
        {
            using var response = await sidecar.SidecarA.GetAsync(Answer, limit.Token);
            var arrived = await response.Content.ReadAsByteArrayAsync(limit.Token);
            Assert.Equal((status, size), ((int)response.StatusCode, arrived.Length));
            Assert.True(arrived.AsSpan().SequenceEqual(body), "another body");
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"{status}, {framing}, {size} bytes in {pieces} pieces: {failure.Message}", failure);
        }
    }

    /// <summary>All in one piece, or the head and the body cut into the others; a head without a body is cut itself.</summary>
    private static IEnumerable<byte[]> Pieces(int status, Framing framing, byte[] body, int count)
    {
        var head = BareApp.Bytes($"HTTP/1.1 {status} Any\r\n" + framing switch
        {
            _ when body.Length == 0 => "\r\n",
            Framing.ContentLength => $"Content-Length: {body.Length}\r\n\r\n",
            Framing.Chunked => "Transfer-Encoding: chunked\r\n\r\n",
            _ => "\r\n",
        });
        if (body.Length == 0)
            return head.Chunk((head.Length + count - 1) / count);
        var cuts = Math.Max(1, count - 1);
        IEnumerable<byte[]> pieces = body.Chunk((body.Length + cuts - 1) / cuts);
        if (framing == Framing.Chunked)
            pieces = [.. pieces.Select(piece => (byte[])[.. BareApp.Bytes(piece.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), .. piece, 13, 10]), BareApp.Bytes("0\r\n\r\n")];
        return count == 1 ? [[.. head, .. pieces.SelectMany(piece => piece)]] : pieces.Prepend(head);
    }

    /// <summary>Sends bytes, and reads until the connection ends; both as Latin-1.</summary>
    private static async Task<string> AskAsync(int port, string request)
    {
        using var limit = new CancellationTokenSource(Limit);
        using var connection = new TcpClient();
        await connection.ConnectAsync("127.0.0.1", port, limit.Token);
        await connection.GetStream().WriteAsync(BareApp.Bytes(request), limit.Token);
        using var reader = new StreamReader(connection.GetStream(), Encoding.Latin1);
        return await reader.ReadToEndAsync(limit.Token);
    }
}

using System.Buffers;
using System.Net;

namespace OrderMall.Sidecar.Http;

/// <summary>A request body is over the sidecar's limit.</summary>
internal sealed class BodyTooLargeException() : IOException("stream too large");

/// <summary>Reads what an app sends its sidecar, up to Dapr's default limit.</summary>
internal static class RequestBody
{
    /// <summary>4 MiB, the default of daprd's <c>--max-body-size</c>.</summary>
    public const int Limit = 4 << 20;

    private const int InitialSize = 1024;

    /// <exception cref="BodyTooLargeException">It is larger than <see cref="Limit"/>.</exception>
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.ContentLength is > Limit)
            throw new BodyTooLargeException();
        if (request.ContentLength is { } length)
        {
            var exact = new byte[length];
            await request.Body.ReadExactlyAsync(exact, cancellationToken);
            return exact;
        }

        var body = new ArrayBufferWriter<byte>(InitialSize);
        while (true)
        {
            // Into whatever room there is: asking for more would make it grow before the end of a small body is seen.
            var read = await request.Body.ReadAsync(body.GetMemory(), cancellationToken);
            if (read == 0)
                return body.WrittenMemory;
            body.Advance(read);
            if (body.WrittenCount > Limit)
                throw new BodyTooLargeException();
        }
    }
}

/// <summary>A request body passed on while it arrives.</summary>
internal sealed class RelayedBody(HttpRequest request) : HttpContent
{
    /// <summary>Whether some of it may have been read, so that it cannot be sent again.</summary>
    public bool Consumed { get; private set; }

    protected override bool TryComputeLength(out long length)
    {
        length = request.ContentLength ?? -1;
        return length >= 0;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Consumed = true;
        long passed = 0;
        var buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
        try
        {
            while (true)
            {
                var read = await request.Body.ReadAsync(buffer, cancellationToken);
                if (read == 0)
                    return;
                passed += read;
                if (passed > RequestBody.Limit)
                    throw new BodyTooLargeException();
                await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                // A length that was announced is coming anyway; without one, each piece may be a message of its own.
                if (request.ContentLength is null)
                    await stream.FlushAsync(cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

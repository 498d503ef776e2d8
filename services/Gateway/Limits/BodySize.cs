using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;

namespace OrderMall.Gateway.Limits;

/// <summary>
/// Refuses bodies that are too large, and reads on what is still being sent: whoever sends before he reads would find a closed connection instead
/// of the answer. The server does that by itself after an answer, for some seconds and up to its own limit.
/// </summary>
internal static class BodySize
{
    /// <summary>The largest body of a request, in bytes.</summary>
    public const int Largest = 1024 * 1024;

    /// <summary>The server's limit, in bytes: the largest body whose sender is told what is wrong with it.</summary>
    public const int LargestRead = 16 * 1024 * 1024;

    public static void Use(WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.ContentLength > Largest)
            throw TooLarge();
        // Sent in chunks: how much it is shows only when it is there.
        if (context.Request.ContentLength is null && context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            // Read by either way, it is one.
            var reader = PipeReader.Create(new Counted(context.Request.Body));
            context.Request.Body = reader.AsStream();
            context.Features.Set<IRequestBodyPipeFeature>(new Pipe(reader));
        }

        return next(context);
    });

    private static BadHttpRequestException TooLarge() => new("Request body too large.", StatusCodes.Status413PayloadTooLarge);

    private sealed record Pipe(PipeReader Reader) : IRequestBodyPipeFeature;

    private sealed class Counted(Stream body) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _read;
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await body.ReadAsync(buffer, cancellationToken);
            return (_read += read) > Largest ? throw TooLarge() : read;
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}

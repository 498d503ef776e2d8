using System.Buffers;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace OrderMall.Sidecar.Invocation;

/// <summary>The sidecar could not make the call; the message is what Dapr puts behind <c>err:</c>.</summary>
internal sealed class InvocationException(string message) : Exception(message);

/// <summary>One call from an app to another, through all its tries.</summary>
/// <param name="path">The method path with its leading slash, encoded.</param>
/// <param name="query">The query with its question mark, or empty.</param>
internal sealed class AppCall(HttpContext http, App caller, App callee, string path, string query, TraceContext trace) : IPolicedCall
{
    private const int BufferSize = 16 << 10;
    private const int MostUnflushed = 64 << 10;

    // The path and query are already as they must go out.
    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private ReadOnlyMemory<byte>? _keptBody;
    private RelayedBody? _relayedBody;

    public HttpContext Http => http;

    public App Caller => caller;

    public App Callee => callee;

    public TargetPolicies? Policies { get; } = caller.Policies.ForApp(callee.AppId);

    public CircuitBreaker? Breaker => Policies?.Breakers?.For(path);

    /// <summary>Whether the answer has begun to go to the caller.</summary>
    public bool AnswerBegun { get; private set; }

    public bool CanRepeat => !AnswerBegun && _relayedBody is not { Consumed: true };

    /// <summary>Reads the whole body, so that every try can send it.</summary>
    public async ValueTask KeepBodyAsync()
    {
        if (HasBody)
            _keptBody = await RequestBody.ReadAsync(http.Request, http.RequestAborted);
    }

    /// <summary>A new request for a try at an instance.</summary>
    public HttpRequestMessage RequestTo(AppInstance instance)
    {
        var request = new HttpRequestMessage(
            HttpMethod.Parse(http.Request.Method),
            new Uri(string.Concat(instance.BaseAddress, path, query), AsWritten));
        if (_keptBody is { } body)
            request.Content = new ReadOnlyMemoryContent(body);
        else if (HasBody)
            request.Content = _relayedBody = new RelayedBody(http.Request);
        RelayedHeaders.ToApp(http.Request, request, caller, callee);
        request.Headers.TryAddWithoutValidation(HeaderNames.TraceParent, trace.Child());
        return request;
    }

    /// <summary>Forwards the app's answer, each piece as it comes.</summary>
    public async Task AnswerAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        AnswerBegun = true;
        var response = http.Response;
        response.StatusCode = (int)answer.StatusCode;
        RelayedHeaders.ToCaller(answer, http.Request, response);
        await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            while (true)
            {
                var read = body.ReadAsync(buffer, cancellationToken);
                // What is at hand goes out together; as soon as there is a wait for more, the caller gets what there is.
                if (!read.IsCompleted)
                    await response.BodyWriter.FlushAsync(cancellationToken);
                var count = await read;
                if (count == 0)
                    break;
                buffer.AsSpan(0, count).CopyTo(response.BodyWriter.GetSpan(count));
                response.BodyWriter.Advance(count);
                if (response.BodyWriter.UnflushedBytes > MostUnflushed)
                    await response.BodyWriter.FlushAsync(cancellationToken);
            }

            // Behind a first flush, Kestrel sends at the end of a request only what was flushed too.
            if (response.HasStarted)
                await response.BodyWriter.FlushAsync(cancellationToken);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private bool HasBody => http.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? true;
}

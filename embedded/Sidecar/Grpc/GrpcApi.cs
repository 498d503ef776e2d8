using System.Collections.Frozen;
using System.Globalization;
using Grpc.Core;

namespace OrderMall.Sidecar.Grpc;

/// <summary>
/// Dapr's gRPC API: finds who calls by the port, checks the token, and hands the call to the method it names. Grpc.AspNetCore's
/// endpoints without its host and routing: a method is found by its path alone.
/// </summary>
internal sealed class GrpcApi : IAsyncDisposable
{
    private const string Prefix = $"/{DaprRuntimeBase.Name}/";
    private const string TraceHeader = "grpc-trace-bin";

    // As the list of allowed APIs names them.
    private static readonly FrozenDictionary<string, string> Apis = new Dictionary<string, string>
    {
        [$"{Prefix}PublishEvent"] = "v1.0/publish",
        [$"{Prefix}BulkPublishEvent"] = "v1.0/publish",
        [$"{Prefix}BulkPublishEventAlpha1"] = "v1.0-alpha1/publish",
        [$"{Prefix}GetState"] = "v1.0/state",
        [$"{Prefix}GetBulkState"] = "v1.0/state",
        [$"{Prefix}SaveState"] = "v1.0/state",
        [$"{Prefix}DeleteState"] = "v1.0/state",
        [$"{Prefix}DeleteBulkState"] = "v1.0/state",
        [$"{Prefix}ExecuteStateTransaction"] = "v1.0/state",
        [$"{Prefix}GetMetadata"] = "v1.0/metadata",
    }.ToFrozenDictionary();

    private readonly Dictionary<int, App> _callers;
    private readonly IReadOnlySet<string>? _allowedApis;
    private readonly ServiceProvider _services;
    private readonly FrozenDictionary<string, RequestDelegate> _methods;

    public GrpcApi(Dictionary<int, App> callers, IReadOnlySet<string>? allowedApis, DaprRuntimeService service, ILoggerFactory loggerFactory)
    {
        (_callers, _allowedApis) = (callers, allowedApis);
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(loggerFactory);
        services.AddDaprRuntime(service);
        _services = services.BuildServiceProvider();
        var endpoints = new Endpoints(_services);
        endpoints.MapDaprRuntime<DaprRuntimeService>();
        _methods = endpoints.DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.RoutePattern.Parameters.Count == 0)
            .ToFrozenDictionary(endpoint => endpoint.RoutePattern.RawText!, endpoint => endpoint.RequestDelegate!);
    }

    public Task HandleAsync(HttpContext http)
    {
        var caller = _callers[http.Connection.LocalPort];
        var path = http.Request.Path.Value ?? "";
        // As in daprd, what is not allowed is refused before anybody is asked who they are.
        if (_allowedApis is not null && path.StartsWith(Prefix, StringComparison.Ordinal) && !(Apis.TryGetValue(path, out var api) && _allowedApis.Contains(api)))
            return RefuseAsync(http, DaprError.OfStatus(StatusCodes.Status501NotImplemented, "Not Implemented", StatusCode.Unimplemented, "requested endpoint is not available"));
        if (!AppToken.IsShown(http.Request, caller.Settings.ApiToken))
        {
            var problem = http.Request.Headers.ContainsKey(AppToken.Header) ? "authentication error: api token mismatch" : "missing api token in request metadata";
            return RefuseAsync(http, DaprError.OfStatus(StatusCodes.Status401Unauthorized, "Unauthorized", StatusCode.Unauthenticated, problem));
        }

        if (!_methods.TryGetValue(path, out var method))
            return RefuseAsync(http, new RpcException(new Status(StatusCode.Unimplemented, $"the embedded sidecar has no {path}: it has publish, state and metadata. Run with daprd for the rest")));
        var trace = TraceOf(http.Request.Headers).Begin(caller, path);
        http.Response.Headers[TraceHeader] = Convert.ToBase64String(TraceContext.ToBinary(trace.Child()));
        http.RequestServices = _services;
        http.Features.Set(new GrpcCaller(caller, trace));
        return trace.Span is null ? method(http) : trace.EndAfterAsync(method(http), http.Response);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    // The binary form goes before the text, which .NET sends.
    private static TraceContext TraceOf(IHeaderDictionary headers)
    {
        if (headers[TraceHeader] is [{ Length: > 0 } text])
        {
            // Written with or without padding.
            Span<byte> binary = stackalloc byte[64];
            if (text.Length <= 64 && Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), binary, out var length)
                && TraceContext.FromBinary(binary[..length]) is { } trace)
            {
                return trace;
            }

            return TraceContext.From(null);
        }

        return TraceContext.From(headers.TraceParent);
    }

    /// <summary>Answers with nothing but a status.</summary>
    private static Task RefuseAsync(HttpContext http, RpcException refusal)
    {
        http.Response.ContentType = "application/grpc";
        http.Response.Headers["grpc-status"] = ((int)refusal.StatusCode).ToString(CultureInfo.InvariantCulture);
        http.Response.Headers["grpc-message"] = Uri.EscapeDataString(refusal.Status.Detail);
        foreach (var trailer in refusal.Trailers.Where(trailer => trailer.IsBinary))
            http.Response.Headers[trailer.Key] = Convert.ToBase64String(trailer.ValueBytes);
        return Task.CompletedTask;
    }

    /// <summary>Where Grpc.AspNetCore puts its endpoints.</summary>
    private sealed class Endpoints(IServiceProvider services) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => services;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(services);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrderMall.Mall.Tests;

/// <summary>Takes traces over OTLP (HTTP, protobuf) and keeps who took part in which.</summary>
internal sealed class TraceCollector : IAsyncDisposable
{
    // Field numbers of opentelemetry-proto: ExportTraceServiceRequest, ResourceSpans, Resource, ScopeSpans, Span, KeyValue, AnyValue.
    private const int ResourceSpans = 1, Resource = 1, Attribute = 1, ScopeSpans = 2, Span = 2, TraceId = 1, Key = 1, Value = 2, StringValue = 1;

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, ConcurrentBag<string>> _traces = new();

    private TraceCollector(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    /// <summary>The services that took part in a trace.</summary>
    public IEnumerable<string> ServicesOf(ActivityTraceId trace) => _traces.GetValueOrDefault(trace.ToHexString())?.Distinct() ?? [];

    public static async Task<TraceCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var collector = new TraceCollector(app);
        app.MapPost("/v1/traces", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            collector.Take(body.ToArray());
            return Results.Bytes([], "application/x-protobuf");
        });
        app.MapFallback(() => Results.Bytes([], "application/x-protobuf"));
        await app.StartAsync();
        return collector;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Take(byte[] export)
    {
        foreach (var ofService in Fields(export, ResourceSpans))
        {
            var service = Fields(ofService, Resource).SelectMany(resource => Fields(resource, Attribute))
                .Where(attribute => Text(Fields(attribute, Key).Single()) == "service.name")
                .Select(attribute => Text(Fields(Fields(attribute, Value).Single(), StringValue).Single()))
                .Single();
            foreach (var span in Fields(ofService, ScopeSpans).SelectMany(scope => Fields(scope, Span)))
                _traces.GetOrAdd(Convert.ToHexStringLower(Fields(span, TraceId).Single().Span), _ => []).Add(service);
        }
    }

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    /// <summary>The contents of a message's length-delimited fields of that number.</summary>
    private static List<ReadOnlyMemory<byte>> Fields(ReadOnlyMemory<byte> message, int number)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        while (message.Length > 0)
        {
            var tag = Varint(ref message);
            switch (tag & 7)
            {
                case 0:
                    Varint(ref message);
                    break;
                case 1:
                    message = message[sizeof(ulong)..];
                    break;
                case 2:
                    var length = (int)Varint(ref message);
                    if ((int)(tag >> 3) == number)
                        found.Add(message[..length]);
                    message = message[length..];
                    break;
                case 5:
                    message = message[sizeof(uint)..];
                    break;
                default:
                    throw new InvalidDataException($"There is no wire type {tag & 7}.");
            }
        }

        return found;
    }

    private static ulong Varint(ref ReadOnlyMemory<byte> message)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = message.Span[0];
            message = message[1..];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
    }
}

using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrderMall.Mall.Tests;

/// <summary>Takes traces, metrics and logs over OTLP (HTTP, protobuf), and keeps them.</summary>
internal sealed class TraceCollector : IAsyncDisposable
{
    // Field numbers of opentelemetry-proto: ExportTraceServiceRequest, ResourceSpans, Resource, ScopeSpans, Span, Event, KeyValue, AnyValue.
    private const int ResourceSpans = 1, Resource = 1, ResourceAttribute = 1, ScopeSpans = 2, SpanOfScope = 2;
    private const int TraceId = 1, Name = 5, Attribute = 9, Event = 11, EventName = 2, EventAttribute = 3;
    private const int Key = 1, Value = 2, StringValue = 1, IntValue = 3;

    private readonly WebApplication _app;
    private readonly ConcurrentBag<Span> _spans = [];
    private readonly ConcurrentBag<(string Path, byte[] Body)> _taken = [];

    private TraceCollector(WebApplication app) => _app = app;

    /// <summary>What a service did in a trace.</summary>
    public sealed record Span(string Service, string Trace, string Name, IReadOnlyDictionary<string, string> Attributes, IReadOnlyList<SpanEvent> Events)
    {
        /// <summary>For failures.</summary>
        public override string ToString() => $"{Service} {Name} {string.Join(' ', Attributes)} {string.Join(' ', Events)}";
    }

    /// <summary>What happened on the way.</summary>
    public sealed record SpanEvent(string Name, IReadOnlyDictionary<string, string> Attributes)
    {
        /// <summary>For failures.</summary>
        public override string ToString() => $"{Name}({string.Join(' ', Attributes)})";
    }

    public Uri Address => new(_app.Urls.Single());

    /// <summary>All that was taken, as it was sent: the path (<c>/v1/traces</c>, <c>/v1/logs</c>, <c>/v1/metrics</c>) and the body.</summary>
    public IReadOnlyCollection<(string Path, byte[] Body)> Taken => _taken;

    public static async Task<TraceCollector> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Urls.Add("http://127.0.0.1:0");
        var collector = new TraceCollector(app);
        app.MapPost("/v1/{signal}", async (HttpRequest request) =>
        {
            using var body = new MemoryStream();
            await request.Body.CopyToAsync(body);
            collector.Take(request.Path, body.ToArray());
            return Results.Bytes([], "application/x-protobuf");
        });
        await app.StartAsync();
        return collector;
    }

    /// <summary>What was done in a trace.</summary>
    public IReadOnlyList<Span> SpansOf(ActivityTraceId trace) => [.. _spans.Where(span => span.Trace == trace.ToHexString())];

    /// <summary>The services that took part in a trace.</summary>
    public IEnumerable<string> ServicesOf(ActivityTraceId trace) => SpansOf(trace).Select(span => span.Service).Distinct();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Take(string path, byte[] export)
    {
        _taken.Add((path, export));
        if (path != "/v1/traces")
            return;
        foreach (var ofService in Fields(export, ResourceSpans))
        {
            var service = Fields(ofService, Resource).Select(resource => Attributes(resource, ResourceAttribute)["service.name"]).Single();
            foreach (var span in Fields(ofService, ScopeSpans).SelectMany(scope => Fields(scope, SpanOfScope)))
            {
                _spans.Add(new Span(
                    service,
                    Convert.ToHexStringLower(Fields(span, TraceId).Single().Span),
                    Text(Fields(span, Name).Single()),
                    Attributes(span, Attribute),
                    [.. Fields(span, Event).Select(happened => new SpanEvent(Text(Fields(happened, EventName).Single()), Attributes(happened, EventAttribute)))]));
            }
        }
    }

    // Text and whole numbers; of others it is enough that they are there.
    private static Dictionary<string, string> Attributes(ReadOnlyMemory<byte> message, int number) => Fields(message, number).ToDictionary(
        attribute => Text(Fields(attribute, Key).Single()),
        attribute => Fields(attribute, Value) is [var value, ..] && Fields(value, StringValue) is [var text, ..] ? Text(text)
            : Fields(attribute, Value) is [var other, ..] && Fields(other, IntValue) is [var whole, ..] ? $"{BinaryPrimitives.ReadUInt64LittleEndian(whole.Span)}"
            : "");

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    /// <summary>The contents of a message's fields of that number; whole numbers as eight bytes.</summary>
    private static List<ReadOnlyMemory<byte>> Fields(ReadOnlyMemory<byte> message, int number)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        while (message.Length > 0)
        {
            var tag = Varint(ref message);
            ReadOnlyMemory<byte> content;
            switch (tag & 7)
            {
                case 0:
                    var whole = new byte[sizeof(ulong)];
                    BinaryPrimitives.WriteUInt64LittleEndian(whole, Varint(ref message));
                    content = whole;
                    break;
                case 1:
                    content = message[..sizeof(ulong)];
                    message = message[sizeof(ulong)..];
                    break;
                case 2:
                    var length = (int)Varint(ref message);
                    content = message[..length];
                    message = message[length..];
                    break;
                case 5:
                    content = message[..sizeof(uint)];
                    message = message[sizeof(uint)..];
                    break;
                default:
                    throw new InvalidDataException($"There is no wire type {tag & 7}.");
            }

            if ((int)(tag >> 3) == number)
                found.Add(content);
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

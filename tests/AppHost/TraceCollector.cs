using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace OrderMall.AppHost.Tests;

/// <summary>Takes traces, metrics and logs over OTLP (HTTP; protobuf, and JSON for traces), and keeps them.</summary>
internal sealed class TraceCollector : IAsyncDisposable
{
    // Field numbers of opentelemetry-proto: Export...ServiceRequest, Resource..., Resource, Scope..., Span, Event, Status, LogRecord, KeyValue, AnyValue.
    private const int OfService = 1, Resource = 1, ResourceAttribute = 1, OfScope = 2, Item = 2;
    private const int TraceId = 1, SpanId = 2, ParentId = 4, Name = 5, Attribute = 9, Event = 11, EventName = 2, EventAttribute = 3, Status = 15, StatusCode = 3;
    private const int Severity = 2, LogBody = 5, LogAttribute = 6, LogTraceId = 9;
    private const int Key = 1, Value = 2, StringValue = 1, IntValue = 3;
    private const ulong Failed = 2;

    private readonly WebApplication _app;
    private readonly ConcurrentBag<Span> _spans = [];
    private readonly ConcurrentBag<Log> _logs = [];
    private readonly ConcurrentBag<(string Path, byte[] Body)> _taken = [];

    private TraceCollector(WebApplication app) => _app = app;

    /// <summary>What a service did in a trace.</summary>
    public sealed record Span(
        string Service, string Trace, string Id, string Parent, string Name, bool Failed, IReadOnlyDictionary<string, string> Attributes, IReadOnlyList<SpanEvent> Events)
    {
        /// <summary>For failures.</summary>
        public override string ToString() => $"{Trace} {Parent} > {Id} {Service}: {Name}{(Failed ? " (failed)" : "")} {string.Join(' ', Attributes)} {string.Join(' ', Events)}";
    }

    /// <summary>What happened on the way.</summary>
    public sealed record SpanEvent(string Name, IReadOnlyDictionary<string, string> Attributes)
    {
        /// <summary>For failures.</summary>
        public override string ToString() => $"{Name}({string.Join(' ', Attributes)})";
    }

    /// <summary>What a service logged: 9 is information, 13 a warning, 17 an error.</summary>
    public sealed record Log(string Service, ulong Severity, string Text, string Trace, IReadOnlyDictionary<string, string> Attributes)
    {
        /// <summary>For failures.</summary>
        public override string ToString() => $"{Service}: {Text} {string.Join(' ', Attributes)}";
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
            var isJson = request.ContentType == "application/json";
            collector.Take(request.Path, isJson, body.ToArray());
            return isJson ? Results.Text("{}", "application/json") : Results.Bytes([], "application/x-protobuf");
        });
        await app.StartAsync();
        return collector;
    }

    /// <summary>All spans, of any trace.</summary>
    public IReadOnlyCollection<Span> Spans => _spans;

    /// <summary>All that was logged, but by those who send JSON.</summary>
    public IReadOnlyCollection<Log> Logs => _logs;

    /// <summary>Whether a metric of that name has come.</summary>
    public bool HasMetric(string name) => _taken.Any(taken => taken.Path == "/v1/metrics" && taken.Body.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name)) >= 0);

    /// <summary>What was done in a trace.</summary>
    public IReadOnlyList<Span> SpansOf(ActivityTraceId trace) => [.. _spans.Where(span => span.Trace == trace.ToHexString())];

    /// <summary>The services that took part in a trace.</summary>
    public IEnumerable<string> ServicesOf(ActivityTraceId trace) => SpansOf(trace).Select(span => span.Service).Distinct();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private void Take(string path, bool isJson, byte[] export)
    {
        _taken.Add((path, export));
        if (isJson)
        {
            if (path == "/v1/traces")
                TakeJson(export);
            return;
        }

        foreach (var ofService in path is "/v1/traces" or "/v1/logs" ? Fields(export, OfService) : [])
        {
            var service = Fields(ofService, Resource).Select(resource => Attributes(resource, ResourceAttribute)["service.name"]).Single();
            foreach (var item in Fields(ofService, OfScope).SelectMany(scope => Fields(scope, Item)))
            {
                if (path == "/v1/traces")
                    _spans.Add(ReadSpan(service, item));
                else
                    _logs.Add(new Log(service, Whole(item, Severity), Text(Fields(Fields(item, LogBody).Single(), StringValue).Single()), Hex(item, LogTraceId), Attributes(item, LogAttribute)));
            }
        }
    }

    private static Span ReadSpan(string service, ReadOnlyMemory<byte> span) => new(
        service,
        Hex(span, TraceId),
        Hex(span, SpanId),
        Hex(span, ParentId),
        Text(Fields(span, Name).Single()),
        Fields(span, Status) is [var status, ..] && Whole(status, StatusCode) == Failed,
        Attributes(span, Attribute),
        [.. Fields(span, Event).Select(happened => new SpanEvent(Text(Fields(happened, EventName).Single()), Attributes(happened, EventAttribute)))]);

    private void TakeJson(byte[] export)
    {
        using var document = JsonDocument.Parse(export);
        foreach (var ofService in document.RootElement.GetProperty("resourceSpans").EnumerateArray())
        {
            var service = AttributesOf(ofService.GetProperty("resource"))["service.name"];
            foreach (var span in ofService.GetProperty("scopeSpans").EnumerateArray().SelectMany(scope => scope.GetProperty("spans").EnumerateArray()))
            {
                _spans.Add(new Span(
                    service,
                    span.GetProperty("traceId").GetString()!,
                    span.GetProperty("spanId").GetString()!,
                    span.GetProperty("parentSpanId").GetString()!,
                    span.GetProperty("name").GetString()!,
                    span.GetProperty("status").TryGetProperty("code", out var code) && code.GetUInt64() == Failed,
                    AttributesOf(span),
                    []));
            }
        }

        static Dictionary<string, string> AttributesOf(JsonElement of) => of.GetProperty("attributes").EnumerateArray().ToDictionary(
            attribute => attribute.GetProperty("key").GetString()!,
            attribute => attribute.GetProperty("value").EnumerateObject().Single().Value.GetString()!);
    }

    private static ulong Whole(ReadOnlyMemory<byte> message, int number) =>
        Fields(message, number) is [var whole, ..] ? BinaryPrimitives.ReadUInt64LittleEndian(whole.Span) : 0;

    private static string Hex(ReadOnlyMemory<byte> message, int number) =>
        Fields(message, number) is [var bytes, ..] ? Convert.ToHexStringLower(bytes.Span) : "";

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

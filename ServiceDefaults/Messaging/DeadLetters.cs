using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Parks events that could not be handled, lists them, and handles them again on request.</summary>
internal static class DeadLetters
{
    private const int MostListed = 200;

    public static void Map<TDb>(WebApplication app, Subscriptions subscriptions)
        where TDb : MallDb
    {
        app.MapPost("/events/dead-letters", context => ParkAsync(context, context.RequestServices.GetRequiredService<TDb>())).ExcludeFromDescription();
        app.MapGet("/dead-letters", context => ListAsync(context, context.RequestServices.GetRequiredService<TDb>())).ExcludeFromDescription();
        app.MapPost("/dead-letters/{eventId}/replay", context => ReplayAsync(context, context.RequestServices.GetRequiredService<TDb>(), subscriptions)).ExcludeFromDescription();
    }

    private static async Task ParkAsync(HttpContext context, MallDb db)
    {
        using var reader = new StreamReader(context.Request.Body);
        var envelope = await reader.ReadToEndAsync(context.RequestAborted);
        var (id, topic, type) = Describe(envelope);
        var now = context.RequestServices.GetRequiredService<TimeProvider>().Now();
        await db.Database.ExecuteSqlAsync(
            $"INSERT INTO dead_letter (event_id, topic, type, envelope, parked_at) VALUES ({id}, {topic}, {type}, {envelope}, {now}) ON CONFLICT DO NOTHING",
            context.RequestAborted);
    }

    // Whatever it is, it is kept.
    private static (string Id, string Topic, string Type) Describe(string envelope)
    {
        try
        {
            using var json = JsonDocument.Parse(envelope);
            string Read(string name) => json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
            return (Read("id") is { Length: > 0 } id ? id : Guid.NewGuid().ToString(), Read("topic"), Read("type"));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (Guid.NewGuid().ToString(), "", "");
        }
    }

    private static async Task ListAsync(HttpContext context, MallDb db)
    {
        var letters = await db.DeadLetters.AsNoTracking().OrderBy(letter => letter.ParkedAt).Take(MostListed).ToListAsync(context.RequestAborted);
        await context.Response.WriteAsJsonAsync(letters, context.RequestAborted);
    }

    private static async Task ReplayAsync(HttpContext context, MallDb db, Subscriptions subscriptions)
    {
        var eventId = (string)context.Request.RouteValues["eventId"]!;
        var letter = await db.DeadLetters.AsNoTracking().FirstOrDefaultAsync(letter => letter.EventId == eventId, context.RequestAborted);
        if (letter is null)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        await subscriptions.HandleAgainAsync(context, letter.Topic, Encoding.UTF8.GetBytes(letter.Envelope));
        await db.DeadLetters.Where(parked => parked.EventId == eventId).ExecuteDeleteAsync(context.RequestAborted);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }
}

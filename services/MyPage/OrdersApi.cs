using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OrderMall.Contracts;
using OrderMall.ServiceDefaults.Api;

namespace OrderMall.MyPage;

/// <summary>An order as its customer sees it.</summary>
internal sealed record OrderView(
    Guid OrderId,
    string Title,
    string Kind,
    OrderStatus Status,
    decimal Amount,
    DateOnly? Date,
    string? Place,
    DateTimeOffset UpdatedAt,
    IReadOnlyList<StatusView> Timeline)
{
    public static OrderView Of(OrderPage page) =>
        new(page.OrderId,
            page.Title,
            page.Kind,
            page.Status,
            page.Amount,
            page.Date,
            page.Place,
            page.UpdatedAt,
            [.. page.Timeline.Select(entry => new StatusView(entry.Status, entry.At))]);
}

/// <summary>A status the order had.</summary>
internal sealed record StatusView(OrderStatus Status, DateTimeOffset At);

/// <summary>A person's own page.</summary>
internal static class OrdersApi
{
    public static void Map(WebApplication app)
    {
        var page = app.MapGroup("/api/mypage").WithTags("My page").RequireAuthorization();
        page.MapGet("/orders", ListAsync)
            .WithName("ListMyOrders").WithSummary("Your orders with everything that happened to them, newest first.");
        page.MapGet("/events", OpenAsync)
            .Produces<OrderView>(StatusCodes.Status200OK, "text/event-stream").ProducesProblem(StatusCodes.Status429TooManyRequests)
            .WithName("StreamMyOrders").WithSummary("Every change of your orders as it happens, as server-sent events 'order'; 'heartbeat' says that the stream lives.");
    }

    private static async Task<Results<Ok<Page<OrderView>>, ValidationProblem>> ListAsync(
        PageRequest page, ClaimsPrincipal user, OrderIndex index, OrderPages pages, CancellationToken cancellationToken)
    {
        var orderIds = new List<Guid>();
        var isThere = page.After is null;
        await foreach (var orderId in index.NewestFirstAsync(user.Id(), cancellationToken))
        {
            if (isThere)
                orderIds.Add(orderId);
            else
                isThere = orderId == page.After;
            if (orderIds.Count > page.Limit)
                break;
        }

        if (!isThere)
            return Problems.Invalid("after", "Must be the 'next' of a page that this list gave.");
        var (items, next) = page.ToPage(orderIds, orderId => orderId);
        return TypedResults.Ok(new Page<OrderView>([.. (await pages.GetAsync(items, cancellationToken)).Select(OrderView.Of)], next));
    }

    private static async Task<Results<ServerSentEventsResult<string>, ProblemHttpResult>> OpenAsync(
        [FromHeader(Name = "Last-Event-ID")] string? lastEventId,
        HttpContext context,
        OrderPages pages,
        Listeners listeners,
        TimeProvider time,
        IHostApplicationLifetime lifetime,
        ILogger<OrderStream> logger)
    {
        if (listeners.Listen(context.User.Id()) is not { } listener)
            return Problems.Of(StatusCodes.Status429TooManyRequests, "too-many-requests", "Too many requests.", "You have too many event streams open: close one of them.");
        // From here on the request owns it: it ends whatever becomes of the stream.
        var stream = new OrderStream(pages, listener, time, logger);
        context.Response.RegisterForDispose(stream);
        await stream.BeginAsync(lastEventId, context.RequestAborted);
        return TypedResults.ServerSentEvents(UntilStoppedAsync(stream, lifetime.ApplicationStopping, context.RequestAborted));
    }

    // A stopping service does not wait for streams that never end by themselves: clients connect to another replica.
    private static async IAsyncEnumerable<SseItem<string>> UntilStoppedAsync(
        OrderStream stream, CancellationToken stopping, [EnumeratorCancellation] CancellationToken aborted)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, aborted);
        await foreach (var item in stream.ReadAsync(either.Token))
            yield return item;
    }
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(OrderPage))]
[JsonSerializable(typeof(IndexPage))]
[JsonSerializable(typeof(Page<OrderView>))]
internal sealed partial class MyPageJson : JsonSerializerContext;

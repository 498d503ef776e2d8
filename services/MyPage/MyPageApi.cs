using System.Security.Claims;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace OrderMall.MyPage;

/// <summary>A person's own page.</summary>
internal static class MyPageApi
{
    public static void Map(WebApplication app)
    {
        var page = app.MapGroup("/api/mypage").WithTags("My page").RequireAuthorization();
        page.MapGet("/orders", (PageRequest page, ClaimsPrincipal user, Pages<OrderPage, OrderEvent> pages, CancellationToken cancellationToken) =>
                AnswerAsync(pages.ListAsync(page, user.Id(), OrderView.Of, cancellationToken)))
            .WithName("ListMyOrders").WithSummary("Your orders with everything that happened to them, newest first.");
        page.MapGet("/titles", (PageRequest page, ClaimsPrincipal user, Pages<TitlePage, TitleEvent> pages, CancellationToken cancellationToken) =>
                AnswerAsync(pages.ListAsync(page, user.Id(), TitleView.Of, cancellationToken)))
            .WithName("ListMyTitles").WithSummary("The titles you registered with everything that happened to them, newest first.");
        page.MapGet("/events", ([FromHeader(Name = "Last-Event-ID")] string? lastEventId, HttpContext context, IEnumerable<INewest> pages) =>
                ChangeStream.OpenAsync(lastEventId, context, context.User.Id(), pages))
            .Produces<OrderView>(StatusCodes.Status200OK, "text/event-stream").ProducesProblem(StatusCodes.Status429TooManyRequests)
            .WithName("StreamMyChanges").WithSummary("Every change of your orders and titles as it happens, as server-sent events 'order' and 'title'; 'heartbeat' says that the stream lives.");
    }

    private static async Task<Results<Ok<Page<TView>>, ValidationProblem>> AnswerAsync<TView>(Task<Page<TView>?> list) =>
        await list is { } page ? TypedResults.Ok(page) : Problems.Invalid("after", "Must be the 'next' of a page that this list gave.");
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(OrderPage))]
[JsonSerializable(typeof(TitlePage))]
[JsonSerializable(typeof(IndexPage))]
[JsonSerializable(typeof(RebuildState))]
[JsonSerializable(typeof(Page<OrderView>))]
[JsonSerializable(typeof(Page<TitleView>))]
internal sealed partial class MyPageJson : JsonSerializerContext;

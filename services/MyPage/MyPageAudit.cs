namespace OrderMall.MyPage;

/// <summary>Tells the audit what the pages show.</summary>
internal static class MyPageAudit
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/audit/orders", ListAsync<OrderPage, OrderEvent>).ExcludeFromDescription();
        app.MapPost("/audit/titles", ListAsync<TitlePage, TitleEvent>).ExcludeFromDescription();
    }

    private static async Task<Ok<List<AuditedView>>> ListAsync<TPage, TEvent>(AuditPages asked, Pages<TPage, TEvent> pages, CancellationToken cancellationToken)
        where TPage : class, IPage<TPage, TEvent>
    {
        var people = asked.Orders.ToDictionary(page => page.OrderId, page => page.CustomerId);
        var found = await pages.GetAsync(people.Keys, cancellationToken);
        return TypedResults.Ok(found
            .Where(page => people[page.Id] == page.PersonId)
            .Select(page => new AuditedView(page.Id, page.Status, page.Version))
            .ToList());
    }
}

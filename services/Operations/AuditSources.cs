using System.Collections.Concurrent;
using System.Text.Json.Serialization.Metadata;

namespace OrderMall.Operations;

/// <summary>
/// Asks the services, for one audit. A service that does not answer, not even when asked again, is not asked any more:
/// waiting for it would leave no time for the others.
/// </summary>
internal sealed class AuditSources(IServiceProvider services)
{
    /// <summary>Whom the audit asks, where they are.</summary>
    public static readonly IReadOnlyList<string> Services =
    [
        AppIds.Ordering, AppIds.Catalog, AppIds.Payment, AppIds.PaymentProvider,
        AppIds.Store, AppIds.Delivery, AppIds.Dispatch, AppIds.Publishing, AppIds.Notification, AppIds.MyPage, AppIds.Gateway,
    ];

    /// <summary>Those that publish or subscribe from a database: they have an outbox and dead letters.</summary>
    public static readonly IReadOnlyList<string> WithDatabase =
        [AppIds.Ordering, AppIds.Catalog, AppIds.Payment, AppIds.Store, AppIds.Delivery, AppIds.Dispatch, AppIds.Publishing, AppIds.Notification];

    /// <summary>Those that events go to: they have dead letters.</summary>
    public static readonly IReadOnlyList<string> WithEvents = [.. WithDatabase, AppIds.MyPage];

    private const int Attempts = 2;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    private readonly ConcurrentDictionary<string, string> _unreachable = new();

    /// <summary>The services that did not answer, and what came instead.</summary>
    public IEnumerable<KeyValuePair<string, string>> Unreachable => _unreachable;

    public IAsyncEnumerable<List<AuditedOrder>> OrdersAsync(Guid? after, CancellationToken cancellationToken) =>
        PagesAsync(after, AppIds.Ordering, "audit/orders", ContractsJson.Default.ListAuditedOrder, order => order.OrderId, cancellationToken);

    public IAsyncEnumerable<List<AuditedOffer>> OffersAsync(Guid? after, CancellationToken cancellationToken) =>
        PagesAsync(after, AppIds.Catalog, "audit/offers", ContractsJson.Default.ListAuditedOffer, offer => offer.OfferId, cancellationToken);

    public IAsyncEnumerable<List<AuditedCharge>> ChargesAsync(Guid? after, CancellationToken cancellationToken) =>
        PagesAsync(after, AppIds.PaymentProvider, "audit/charges/page", ContractsJson.Default.ListAuditedCharge, charge => charge.OrderId, cancellationToken);

    /// <summary>What is paid, and not given back.</summary>
    public IAsyncEnumerable<List<AuditedPayment>> PaymentsAsync(Guid? after, CancellationToken cancellationToken) =>
        PagesAsync(after, AppIds.Payment, "audit/payments/page", ContractsJson.Default.ListAuditedPayment, payment => payment.OrderId, cancellationToken);

    /// <summary>What is held, and not released.</summary>
    public IAsyncEnumerable<List<AuditedHold>> HoldsAsync(Guid? after, CancellationToken cancellationToken) =>
        PagesAsync(after, AppIds.Catalog, "audit/holds/page", ContractsJson.Default.ListAuditedHold, hold => hold.OrderId, cancellationToken);

    public IAsyncEnumerable<List<AuditedTitle>> TitlesAsync(Guid? after, CancellationToken cancellationToken) =>
        PagesAsync(after, AppIds.Publishing, "audit/titles", ContractsJson.Default.ListAuditedTitle, title => title.TitleId, cancellationToken);

    /// <summary>Some registrations as they are now; <see langword="null"/> if publishing does not answer.</summary>
    public Task<List<AuditedTitle>?> TitlesAsync(IReadOnlyList<Guid> ids, CancellationToken cancellationToken) =>
        AskAsync(AppIds.Publishing, "audit/titles/some", new AuditOrders(ids), ContractsJson.Default.AuditOrders, ContractsJson.Default.ListAuditedTitle, cancellationToken);

    /// <summary>Merchants of whom a request waits although a worker is free; <see langword="null"/> if dispatch does not answer.</summary>
    public Task<List<AuditedIdle>?> IdleAsync(CancellationToken cancellationToken) =>
        AskAsync(AppIds.Dispatch, "audit/idle", new AuditOrders([]), ContractsJson.Default.AuditOrders, ContractsJson.Default.ListAuditedIdle, cancellationToken);

    /// <summary>Some orders as they are now; <see langword="null"/> if ordering does not answer.</summary>
    public Task<List<AuditedOrder>?> OrdersAsync(IReadOnlyList<Guid> ids, CancellationToken cancellationToken) =>
        AskAsync(AppIds.Ordering, "audit/orders/some", new AuditOrders(ids), ContractsJson.Default.AuditOrders, ContractsJson.Default.ListAuditedOrder, cancellationToken);

    /// <summary>What a service still has to publish and could not handle; <see langword="null"/> if it does not answer.</summary>
    public Task<AuditedMessaging?> MessagingAsync(string appId, CancellationToken cancellationToken) =>
        AskAsync(appId, "audit/messaging", new AuditOrders([]), ContractsJson.Default.AuditOrders, ServiceDefaultsJson.Default.AuditedMessaging, cancellationToken);

    /// <summary>The holds of some orders; <see langword="null"/> if the catalog does not answer.</summary>
    public Task<Dictionary<Guid, AuditedHold>?> HoldsAsync(IEnumerable<AuditedOrder> orders, CancellationToken cancellationToken) =>
        SomeAsync(AppIds.Catalog, "audit/holds", Ids(orders), ContractsJson.Default.ListAuditedHold, hold => hold.OrderId, cancellationToken);

    /// <summary>What every side says of some orders.</summary>
    public async Task<List<OrderFacts>> FactsAsync(IReadOnlyList<AuditedOrder> orders, CancellationToken cancellationToken)
    {
        var ids = Ids(orders);
        var payments = SomeAsync(AppIds.Payment, "audit/payments", ids, ContractsJson.Default.ListAuditedPayment, payment => payment.OrderId, cancellationToken);
        var charges = SomeAsync(AppIds.PaymentProvider, "audit/charges", ids, ContractsJson.Default.ListAuditedCharge, charge => charge.OrderId, cancellationToken);
        var holds = HoldsAsync(orders, cancellationToken);
        var store = ViewsAsync(AppIds.Store);
        var delivery = ViewsAsync(AppIds.Delivery);
        var dispatch = ViewsAsync(AppIds.Dispatch);
        var notification = ViewsAsync(AppIds.Notification);
        var pages = OnPagesAsync("audit/orders", orders.Where(order => order.Public).Select(order => new AuditPageOf(order.CustomerId, order.OrderId)), cancellationToken);
        await Task.WhenAll(payments, charges, holds, store, delivery, dispatch, notification, pages);
        return
        [
            .. orders.Select(order => new OrderFacts(order)
            {
                Payment = Of(payments.Result, order.OrderId),
                Provider = Of(charges.Result, order.OrderId),
                Hold = Of(holds.Result, order.OrderId),
                Store = Of(store.Result, order.OrderId),
                Delivery = Of(delivery.Result, order.OrderId),
                Dispatch = Of(dispatch.Result, order.OrderId),
                Notification = Of(notification.Result, order.OrderId),
                MyPage = Of(pages.Result, order.OrderId),
            }),
        ];

        Task<Dictionary<Guid, AuditedView>?> ViewsAsync(string appId) =>
            SomeAsync(appId, "audit/orders", ids, ContractsJson.Default.ListAuditedView, view => view.OrderId, cancellationToken);
    }

    /// <summary>What every side says of some registrations.</summary>
    public async Task<List<TitleFacts>> FactsAsync(IReadOnlyList<AuditedTitle> titles, CancellationToken cancellationToken)
    {
        var ids = new AuditOrders([.. titles.Select(title => title.TitleId)]);
        var reviews = SomeAsync(AppIds.Store, "audit/reviews", ids, ContractsJson.Default.ListAuditedView, view => view.OrderId, cancellationToken);
        var offers = SomeAsync(AppIds.Catalog, "audit/offers/some", ids, ContractsJson.Default.ListAuditedOffer, offer => offer.OfferId, cancellationToken);
        var pages = OnPagesAsync("audit/titles", titles.Where(title => title.Status != TitleStatus.Pending).Select(title => new AuditPageOf(title.PublisherId, title.TitleId)), cancellationToken);
        await Task.WhenAll(reviews, offers, pages);
        return
        [
            .. titles.Select(title => new TitleFacts(title)
            {
                Review = Of(reviews.Result, title.TitleId),
                Offer = Of(offers.Result, title.TitleId),
                MyPage = Of(pages.Result, title.TitleId),
            }),
        ];
    }

    private async Task<Dictionary<Guid, AuditedView>?> OnPagesAsync(string path, IEnumerable<AuditPageOf> asked, CancellationToken cancellationToken) =>
        (await AskAsync(AppIds.MyPage, path, new AuditPages([.. asked]), ContractsJson.Default.AuditPages, ContractsJson.Default.ListAuditedView, cancellationToken))
            ?.ToDictionary(view => view.OrderId);

    private static AuditOrders Ids(IEnumerable<AuditedOrder> orders) => new([.. orders.Select(order => order.OrderId)]);

    private static Said<T> Of<T>(Dictionary<Guid, T>? answer, Guid id)
        where T : class => new(answer is not null, answer?.GetValueOrDefault(id));

    private async IAsyncEnumerable<List<T>> PagesAsync<T>(
        Guid? after, string appId, string path, JsonTypeInfo<List<T>> type, Func<T, Guid> id, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await AskAsync(appId, path, new AuditPage(after, AuditPage.MostItems), ContractsJson.Default.AuditPage, type, cancellationToken) is { Count: > 0 } page)
        {
            yield return page;
            if (page.Count < AuditPage.MostItems)
                yield break;
            after = id(page[^1]);
        }
    }

    private async Task<Dictionary<Guid, T>?> SomeAsync<T>(string appId, string path, AuditOrders ids, JsonTypeInfo<List<T>> type, Func<T, Guid> id, CancellationToken cancellationToken) =>
        (await AskAsync(appId, path, ids, ContractsJson.Default.AuditOrders, type, cancellationToken))?.ToDictionary(id);

    private async Task<TAnswer?> AskAsync<TRequest, TAnswer>(
        string appId, string path, TRequest request, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType, CancellationToken cancellationToken)
        where TAnswer : class
    {
        if (services.GetKeyedService<ServiceClient>(appId) is not { } service)
            return null;
        for (var attempt = 1; !_unreachable.ContainsKey(appId); attempt++)
        {
            try
            {
                return await service.AskAsync(path, request, requestType, answerType, cancellationToken);
            }
            catch (ServiceUnavailableException e) when (attempt == Attempts)
            {
                _unreachable.TryAdd(appId, e.Message);
            }
            catch (ServiceUnavailableException)
            {
                await Task.Delay(Pause, cancellationToken);
            }
        }

        return null;
    }
}

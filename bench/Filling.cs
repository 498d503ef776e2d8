using Npgsql;
using OrderMall.Contracts;

namespace OrderMall.Bench;

/// <summary>Fills a mall's tables with what would take months to come.</summary>
internal static class Filling
{
    private const int Offers = 200_000;

    // Every table with rows of an order, and the columns with its id, or one that has to be as unique.
    private static readonly (string AppId, string Table, string Columns)[] OfOrders =
    [
        (AppIds.Ordering, "orders", "id"),
        (AppIds.Catalog, "hold", "order_id"),
        (AppIds.Payment, "payment", "order_id"),
        (AppIds.PaymentProvider, "charge", "key"),
        (AppIds.Store, "store_order", "order_id"),
        (AppIds.Delivery, "parcel", "order_id"),
        (AppIds.Notification, "message", "id order_id"),
    ];

    /// <summary>Puts 200,000 offers on sale.</summary>
    public static async Task OffersAsync(MallProcess mall, CancellationToken cancellationToken)
    {
        await using var catalog = mall.Database(AppIds.Catalog);
        await ExecuteAsync(
            catalog,
            $"""
             INSERT INTO offer (id, merchant_id, kind, title, price, currency, prepayment, fulfilment, place, date, version, created_at, updated_at, is_over)
             SELECT gen_random_uuid(), 'merchant ' || n % 1000, (ARRAY['table', 'cleaning', 'class'])[1 + n % 3],
                    (ARRAY['Table at the window', 'Spring cleaning', '한강 요가 수업'])[1 + n % 3] || ' ' || substr(md5(n::text), 1, 8),
                    10000 + n % 970, 'KRW', 'None', 'None', 'Hall ' || n % 83 || ', 강남', current_date + n % 700, 1, now(), now(), false
             FROM generate_series(1, {Offers}) AS n
             """,
            cancellationToken);
        // The server does it within a minute: it is not measured.
        await ExecuteAsync(catalog, "VACUUM ANALYZE offer", cancellationToken);
    }

    /// <summary>Has every order of the mall so many times more, each time some minutes older, with all that every service has of it.</summary>
    /// <returns>How many there are more.</returns>
    public static async Task<long> OrdersAsync(MallProcess mall, int atLeast, CancellationToken cancellationToken)
    {
        await using var ordering = mall.Database(AppIds.Ordering);
        var orders = await ExecuteAsync(ordering, "SELECT count(*) FROM orders", cancellationToken);
        var times = (atLeast + orders - 1) / orders;
        await using (var catalog = mall.Database(AppIds.Catalog))
        {
            await ExecuteAsync(
                catalog,
                $"""
                 UPDATE offer SET capacity = capacity + {times} * held.quantity
                 FROM (SELECT offer_id, sum(quantity) AS quantity FROM hold GROUP BY offer_id) AS held WHERE offer.id = held.offer_id
                 """,
                cancellationToken);
        }

        foreach (var (appId, table, columns) in OfOrders)
        {
            var changed = string.Join(", ", columns.Split(' ').Select(column => $"'{column}', {Id($"row.{column}", "n")}"));
            await using var database = mall.Database(appId);
            await ExecuteAsync(
                database,
                $"""
                 INSERT INTO {table}
                 SELECT old.* FROM {table} AS row, generate_series(1, {times}) AS n, jsonb_populate_record(row, jsonb_build_object({changed})) AS old
                 """,
                cancellationToken);
            await ExecuteAsync(database, $"VACUUM ANALYZE {table}", cancellationToken);
        }

        // The customers' pages: the key ends with the order's id, which is in the page too.
        await using var state = mall.Database("sidecar");
        await ExecuteAsync(
            state,
            $"""
             INSERT INTO state (store, key, value, etag)
             SELECT store, replace(key, id::text, old::text), convert_to(replace(convert_from(value, 'UTF8'), id::text, old::text), 'UTF8'), etag
             FROM state, generate_series(1, {times}) AS n, CAST(right(key, 36) AS uuid) AS id, CAST({Id("id", "n")} AS uuid) AS old
             WHERE key LIKE 'mypage||order.%'
             """,
            cancellationToken);
        await ExecuteAsync(state, "VACUUM ANALYZE state", cancellationToken);
        return times * orders;
    }

    // Another id for each number, so much older: the first 48 bits are milliseconds.
    private static string Id(string id, string number) =>
        $"(lpad(to_hex(('x' || left(replace({id}::text, '-', ''), 12))::bit(48)::bigint - {number} * 1000000::bigint), 12, '0') || right(replace({id}::text, '-', ''), 20))::uuid";

    private static async Task<long> ExecuteAsync(NpgsqlDataSource database, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The statements are this file's.
        await using var command = database.CreateCommand(sql);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(cancellationToken) as long? ?? 0;
    }
}

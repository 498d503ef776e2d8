namespace OrderMall.Delivery;

/// <summary>Tells the audit which parcels there are.</summary>
internal static class DeliveryAudit
{
    public static void Map(WebApplication app) => app.MapPost("/audit/orders", ListAsync).ExcludeFromDescription();

    private static async Task<Ok<List<AuditedView>>> ListAsync(AuditOrders asked, DeliveryDb db, CancellationToken cancellationToken) =>
        TypedResults.Ok((await db.Parcels.AsNoTracking()
            .Where(parcel => asked.OrderIds.Contains(parcel.OrderId))
            .Select(parcel => new { parcel.OrderId, parcel.Status })
            .ToListAsync(cancellationToken)).ConvertAll(parcel => new AuditedView(parcel.OrderId, parcel.Status.ToString(), 0)));
}

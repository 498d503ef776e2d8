using System.Text.Json.Serialization;

namespace OrderMall.Delivery;

/// <summary>A parcel as couriers see it.</summary>
internal sealed record ParcelView(Guid OrderId, string Destination, ParcelStatus Status);

/// <summary>The couriers' side.</summary>
internal static class DeliveriesApi
{
    public static void Map(WebApplication app)
    {
        var deliveries = app.MapGroup("/api/deliveries").WithTags("Deliveries").RequireRole(Roles.Courier);
        deliveries.MapGet("/", ListAsync)
            .WithName("ListDeliveries").WithSummary("The parcels, newest first.");
        var parcel = deliveries.MapGroup("/{orderId:guid}").ProducesProblem(StatusCodes.Status409Conflict);
        parcel.MapGet("/", GetAsync)
            .WithName("GetDelivery").WithSummary("One parcel.");
        parcel.MapPost("/departure", DepartAsync)
            .WithName("DepartDelivery").WithSummary("Leave with a parcel: from now on its order cannot be cancelled.");
        parcel.MapPost("/arrival", ArriveAsync)
            .WithName("ArriveDelivery").WithSummary("Say that a parcel has arrived.");
    }

    private static async Task<Results<Ok<Page<ParcelView>>, ValidationProblem>> ListAsync(
        string? status,
        PageRequest page,
        DeliveryDb db,
        CancellationToken cancellationToken)
    {
        if (StatusFilter.Read<ParcelStatus>(status, out var wanted) is { } wrong)
            return wrong;
        var parcels = db.Parcels.AsNoTracking().Where(parcel => parcel.Destination != null);
        if (wanted is not null)
            parcels = parcels.Where(parcel => parcel.Status == wanted);
        if (page.After is { } after)
            parcels = parcels.Where(parcel => parcel.OrderId < after);
        var rows = await parcels.OrderByDescending(parcel => parcel.OrderId).Take(page.Limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(page.ToPage(rows.ConvertAll(View), view => view.OrderId));
    }

    private static async Task<Results<Ok<ParcelView>, ProblemHttpResult>> GetAsync(Guid orderId, DeliveryDb db, CancellationToken cancellationToken) =>
        await db.Parcels.FindAsync([orderId], cancellationToken) is { Destination: not null } parcel ? TypedResults.Ok(View(parcel)) : Problems.NotFound("parcel");

    private static Task<Results<Ok<ParcelView>, ProblemHttpResult>> DepartAsync(
        Guid orderId, DeliveryDb db, TimeProvider time, CancellationToken cancellationToken) =>
        MoveAsync(orderId, parcel => parcel.Depart(), ParcelStatus.Shipped, ParcelEvent.Shipped, db, time, cancellationToken);

    private static Task<Results<Ok<ParcelView>, ProblemHttpResult>> ArriveAsync(
        Guid orderId, DeliveryDb db, TimeProvider time, CancellationToken cancellationToken) =>
        MoveAsync(orderId, parcel => parcel.Arrive(), ParcelStatus.Delivered, ParcelEvent.Delivered, db, time, cancellationToken);

    private static Task<Results<Ok<ParcelView>, ProblemHttpResult>> MoveAsync(
        Guid orderId,
        Func<Parcel, bool> move,
        ParcelStatus aim,
        string eventType,
        DeliveryDb db,
        TimeProvider time,
        CancellationToken cancellationToken) =>
        db.DecideAsync<Results<Ok<ParcelView>, ProblemHttpResult>>(
            async () =>
            {
                var parcel = await db.Parcels.FindAsync([orderId], cancellationToken);
                if (parcel is null)
                    return Problems.NotFound("parcel");
                if (move(parcel))
                    db.Publish(eventType, parcel, time.Now());
                return parcel.Status == aim
                    ? TypedResults.Ok(View(parcel))
                    : Refusal(parcel.Status);
            },
            cancellationToken);

    private static ProblemHttpResult Refusal(ParcelStatus status) => status switch
    {
        ParcelStatus.Stopped => Problems.Conflict("parcel-stopped", "The parcel was stopped: its order was cancelled or rejected. Do not send it."),
        ParcelStatus.Preparing => Problems.Conflict("parcel-status", "The parcel has not left yet: say that it departed first."),
        _ => Problems.Conflict("parcel-status", $"The parcel is {status} already."),
    };

    private static ParcelView View(Parcel parcel) => new(parcel.OrderId, parcel.Destination ?? "", parcel.Status);
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Page<ParcelView>))]
internal sealed partial class DeliveryJson : JsonSerializerContext;

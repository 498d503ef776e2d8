using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace OrderMall.Catalog;

/// <summary>Puts the demo's offers (<c>demo-offers.json</c>) on sale, once: an offer that is there already stays as it is.</summary>
internal sealed class DemoOffers(IServiceScopeFactory scopes, TimeProvider time) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var json = typeof(DemoOffers).Assembly.GetManifestResourceStream("OrderMall.Catalog.demo-offers.json")!;
        var demo = JsonSerializer.Deserialize(json, DemoJson.Default.ListDemoOffer)!;
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<CatalogDb>();
        var there = await db.Offers.Select(offer => offer.Id).ToHashSetAsync(cancellationToken);
        db.Offers.AddRange(demo.Select((offer, index) => offer.ToOffer(index, time.Now())).Where(offer => !there.Contains(offer.Id)));
        try
        {
            await db.SaveChangesAsync(cancellationToken);
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            // Another replica puts them there at this moment.
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>An offer of the demo.</summary>
internal sealed record DemoOffer(
    string Merchant,
    string Kind,
    string Title,
    decimal Price,
    decimal? Deposit,
    Prepayment Prepayment,
    Fulfilment Fulfilment,
    int? Capacity,
    int? DaysAhead,
    string? Place,
    string? Details)
{
    // The same offer has the same id in every mall and at every start; the index keeps the order of the file.
    public Offer ToOffer(int index, DateTimeOffset now)
    {
        var id = SHA256.HashData(Encoding.UTF8.GetBytes($"{Merchant}/{Title}")).AsSpan(0, 16);
        id[..6].Clear();
        id[4] = (byte)(index >> 8);
        id[5] = (byte)index;
        return new Offer
        {
            Id = new Guid(id, bigEndian: true),
            MerchantId = $"demo-{Merchant}",
            Kind = Kind,
            Title = Title,
            Price = Price,
            Deposit = Deposit,
            Currency = "KRW",
            Prepayment = Prepayment,
            Fulfilment = Fulfilment,
            Capacity = Capacity,
            Available = Capacity,
            Date = DaysAhead is { } days ? DateOnly.FromDateTime(now.UtcDateTime).AddDays(days) : null,
            Place = Place,
            Details = Details,
            CreatedAt = now,
            UpdatedAt = now,
        };
    }
}

/// <summary>Reads <c>demo-offers.json</c>.</summary>
[System.Text.Json.Serialization.JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[System.Text.Json.Serialization.JsonSerializable(typeof(List<DemoOffer>))]
internal sealed partial class DemoJson : System.Text.Json.Serialization.JsonSerializerContext;

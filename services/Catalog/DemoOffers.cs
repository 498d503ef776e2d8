using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;

namespace OrderMall.Catalog;

/// <summary>
/// Puts the demo's offers (<c>demo-offers.json</c>) on sale: an offer that is there already stays as it is. One whose day has come is followed
/// by another for a day to come, so that there is always something to book.
/// </summary>
internal sealed class DemoOffers(IServiceScopeFactory scopes, TimeProvider time) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var json = typeof(DemoOffers).Assembly.GetManifestResourceStream("OrderMall.Catalog.demo-offers.json")!;
        var demo = JsonSerializer.Deserialize(json, DemoJson.Default.ListDemoOffer)!;
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<CatalogDb>();
        var (now, firstOfOthers) = (time.Now(), Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddYears(50)));
        // Ids of the demo sort before all others.
        var there = (await db.Offers.Where(offer => offer.Id < firstOfOthers).Select(offer => new { offer.Id, offer.Date }).ToListAsync(cancellationToken))
            .ToLookup(offer => DemoOffer.LineOf(offer.Id), offer => offer.Date);
        var today = DateOnly.FromDateTime(now.UtcDateTime);
        db.Offers.AddRange(demo.Select((offer, index) => offer.ToOffer(index, now, follows: there[offer.LineOf(index)].Any()))
            .Where(offer => !there[DemoOffer.LineOf(offer.Id)].Any(day => day is null || day > today)));
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
    int? MaxPerCustomer,
    int? DaysAhead,
    string? Place,
    string? Details)
{
    /// <summary>Which line of the file an offer comes from: the part of its id that all that follow each other share.</summary>
    public static Guid LineOf(Guid id)
    {
        Span<byte> line = stackalloc byte[16];
        id.TryWriteBytes(line, bigEndian: true, out _);
        line[..4].Clear();
        return new Guid(line, bigEndian: true);
    }

    // The same offer has the same id in every mall and at every start; the index keeps the order of the file.
    public Guid LineOf(int index)
    {
        var id = SHA256.HashData(Encoding.UTF8.GetBytes($"{Merchant}/{Title}")).AsSpan(0, 16);
        BinaryPrimitives.WriteInt32BigEndian(id, 0);
        BinaryPrimitives.WriteUInt16BigEndian(id[4..], (ushort)index);
        return new Guid(id, bigEndian: true);
    }

    public Offer ToOffer(int index, DateTimeOffset now, bool follows)
    {
        DateOnly? date = DaysAhead is { } days ? DateOnly.FromDateTime(now.UtcDateTime).AddDays(days) : null;
        Span<byte> id = stackalloc byte[16];
        LineOf(index).TryWriteBytes(id, bigEndian: true, out _);
        if (follows && date is { } day)
            BinaryPrimitives.WriteInt32BigEndian(id, day.DayNumber);
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
            MaxPerCustomer = MaxPerCustomer,
            Date = date,
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

/// <summary>Whether there is a demo. Where there is none, nothing of an earlier one's merchants is on sale: nobody could sign in to deliver it.</summary>
internal sealed record DemoRule(bool IsDemo)
{
    /// <summary>Whether an offer is on sale, as far as that goes.</summary>
    public bool Allows(Offer offer) => IsDemo || !Demo.Merchants.Contains(offer.MerchantId);

    /// <summary>The offers that are.</summary>
    public IQueryable<Offer> OnSale(IQueryable<Offer> offers) => IsDemo ? offers : offers.Where(offer => !Demo.Merchants.Contains(offer.MerchantId));
}

namespace OrderMall.Catalog;

/// <summary>Something a merchant sells, with the three policies that decide what an order for it goes through.</summary>
internal sealed class Offer
{
    public required Guid Id { get; init; }

    public required string MerchantId { get; init; }

    /// <summary>A label for people and filters: nothing depends on it.</summary>
    public required string Kind { get; init; }

    public required string Title { get; set; }

    /// <summary>For one unit, in <see cref="Currency"/>.</summary>
    public required decimal Price { get; set; }

    /// <summary>For one unit, in <see cref="Currency"/>; where the prepayment is a deposit.</summary>
    public decimal? Deposit { get; set; }

    public required string Currency { get; init; }

    public required Prepayment Prepayment { get; init; }

    public required Fulfilment Fulfilment { get; init; }

    /// <summary>How many can be sold in all; <see langword="null"/> is unlimited.</summary>
    public int? Capacity { get; set; }

    /// <summary>How many are left. Changed by holds in SQL alone, never through this object.</summary>
    public int? Available { get; set; }

    /// <summary>How many one customer may hold; <see langword="null"/> is no limit.</summary>
    public int? MaxPerCustomer { get; set; }

    public DateOnly? Date { get; init; }

    public string? Place { get; set; }

    public string? Details { get; set; }

    /// <summary>Whether its text was approved, as a publisher's title is: then it stays.</summary>
    public bool Approved { get; init; }

    /// <summary>Whether lists pass over it: its day is over, as <see cref="EndedOffersJob"/> has marked it, or it is off sale.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Since when it is off sale (UTC); <see langword="null"/> while it is on sale. Orders for it go on.</summary>
    public DateTimeOffset? OffSaleAt { get; private set; }

    public long Version { get; set; } = 1;

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    /// <summary>Nobody can order it any more.</summary>
    public void TakeOffSale(DateTimeOffset now)
    {
        (OffSaleAt, UpdatedAt, IsOver) = (now, now, true);
        Version++;
    }

    public OfferEvent ToEvent() => new(Id, Version, UpdatedAt, MerchantId, Kind, Title, Price, Currency, Date, Place);
}

/// <summary>What an order holds of an offer, on the terms of the moment it was held.</summary>
internal sealed class Hold
{
    public required Guid OrderId { get; init; }

    public required Guid OfferId { get; init; }

    public string? CustomerId { get; init; }

    /// <summary>Which of the customer's holds of the offer it is, from 1, where the offer limits them.</summary>
    public int? CustomerNumber { get; init; }

    /// <summary>How many; 0 when it was released.</summary>
    public required int Quantity { get; set; }

    public required string Title { get; init; }

    public required decimal Price { get; init; }

    public decimal? Deposit { get; init; }

    public required DateTimeOffset HeldAt { get; init; }
}

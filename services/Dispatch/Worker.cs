namespace OrderMall.Dispatch;

/// <summary>Somebody a merchant sends: free, or at one order.</summary>
internal sealed class Worker
{
    private Worker()
    {
    }

    public Guid Id { get; private init; }

    public string MerchantId { get; private init; } = "";

    public string Name { get; private init; } = "";

    /// <summary>Since when nobody needs them (UTC); <see langword="null"/> while they are at an order.</summary>
    public DateTimeOffset? FreeSince { get; private set; }

    /// <summary>Where they are.</summary>
    public Guid? OrderId { get; private set; }

    public static Worker Hired(string merchantId, string name, DateTimeOffset now) =>
        new() { Id = Guid.CreateVersion7(now), MerchantId = merchantId, Name = name, FreeSince = now };

    public void GoTo(Guid orderId) => (OrderId, FreeSince) = (orderId, null);

    public void BecomeFree(DateTimeOffset now) => (OrderId, FreeSince) = (null, now);
}

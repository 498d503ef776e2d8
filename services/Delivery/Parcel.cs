using System.Text.Json.Serialization;

namespace OrderMall.Delivery;

/// <summary>Where a parcel is.</summary>
[JsonConverter(typeof(NamedValueConverter<ParcelStatus>))]
internal enum ParcelStatus
{
    /// <summary>Being packed.</summary>
    Preparing,

    /// <summary>On its way.</summary>
    Shipped,

    /// <summary>Arrived. Final.</summary>
    Delivered,

    /// <summary>It will not leave. Final.</summary>
    Stopped,
}

/// <summary>The parcel of an order. What decides between its departure and a cancellation is whichever is saved first.</summary>
internal sealed class Parcel
{
    private Parcel()
    {
    }

    public Guid OrderId { get; private init; }

    public long Version { get; private set; } = 1;

    public ParcelStatus Status { get; private set; }

    /// <summary>Where it goes; <see langword="null"/> for one that was stopped before it was begun.</summary>
    public string? Destination { get; private init; }

    public static Parcel Begun(Guid orderId, string destination) =>
        new() { OrderId = orderId, Status = ParcelStatus.Preparing, Destination = destination };

    /// <summary>Remembers an order that was stopped before its parcel was begun.</summary>
    public static Parcel StoppedBeforeItWasBegun(Guid orderId) => new() { OrderId = orderId, Status = ParcelStatus.Stopped };

    /// <summary>Does not send it.</summary>
    /// <returns>Whether it was being packed until now.</returns>
    public bool Stop() => MoveOn(ParcelStatus.Preparing, ParcelStatus.Stopped);

    /// <summary>The courier leaves with it.</summary>
    /// <returns>Whether it was being packed until now.</returns>
    public bool Depart() => MoveOn(ParcelStatus.Preparing, ParcelStatus.Shipped);

    /// <summary>It arrives.</summary>
    /// <returns>Whether it was on its way until now.</returns>
    public bool Arrive() => MoveOn(ParcelStatus.Shipped, ParcelStatus.Delivered);

    private bool MoveOn(ParcelStatus from, ParcelStatus to)
    {
        if (Status != from)
            return false;
        Status = to;
        Version++;
        return true;
    }
}

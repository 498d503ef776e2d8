using System.Text.Json.Serialization;

namespace OrderMall.Dispatch;

/// <summary>How far an assignment is.</summary>
[JsonConverter(typeof(NamedValueConverter<AssignmentStatus>))]
internal enum AssignmentStatus
{
    /// <summary>Nobody is free yet.</summary>
    Waiting,

    /// <summary>Somebody comes.</summary>
    Assigned,

    /// <summary>It took place. Final.</summary>
    Completed,

    /// <summary>Nobody comes. Final.</summary>
    Stopped,
}

/// <summary>An order's request for a worker, and who comes.</summary>
internal sealed class Assignment
{
    private Assignment()
    {
    }

    public Guid OrderId { get; private init; }

    public long Version { get; private set; } = 1;

    public AssignmentStatus Status { get; private set; }

    /// <summary>Whose workers it is for; <see langword="null"/> for one that was stopped before it was requested.</summary>
    public string? MerchantId { get; private init; }

    /// <summary>Since when it waits, or waited (UTC).</summary>
    public DateTimeOffset? RequestedAt { get; private init; }

    public string? Title { get; private init; }

    /// <summary>The day it is for; <see langword="null"/> where there is none.</summary>
    public DateOnly? Date { get; private init; }

    public string? Place { get; private init; }

    public string? Destination { get; private init; }

    public string? CustomerName { get; private init; }

    /// <summary>How to reach the customer; gone once nobody has to.</summary>
    public string? Phone { get; private set; }

    /// <summary>Who comes, or was to come.</summary>
    public Guid? WorkerId { get; private set; }

    public string? WorkerName { get; private set; }

    public static Assignment Requested(StoreEvent order) => new()
    {
        OrderId = order.OrderId,
        Status = AssignmentStatus.Waiting,
        MerchantId = order.MerchantId,
        RequestedAt = order.At,
        Title = order.Title,
        Date = order.Date,
        Place = order.Place,
        Destination = order.Destination,
        CustomerName = order.CustomerName,
        Phone = order.Phone,
    };

    /// <summary>Remembers an order that was stopped before a worker was requested for it.</summary>
    public static Assignment StoppedBeforeItWasRequested(Guid orderId) => new() { OrderId = orderId, Status = AssignmentStatus.Stopped };

    /// <summary>Somebody comes.</summary>
    /// <exception cref="InvalidOperationException">It does not wait for anybody.</exception>
    public void Assign(Worker worker)
    {
        if (!MoveOn(AssignmentStatus.Assigned, from: AssignmentStatus.Waiting))
            throw new InvalidOperationException($"A worker is sent to what waits; the assignment of {OrderId} is {Status}.");
        (WorkerId, WorkerName) = (worker.Id, worker.Name);
    }

    /// <summary>It took place.</summary>
    /// <returns>Whether somebody was there until now.</returns>
    public bool Complete() => MoveOn(AssignmentStatus.Completed, from: AssignmentStatus.Assigned);

    /// <summary>Nobody comes.</summary>
    /// <returns>Whether it was under way until now.</returns>
    public bool Stop() => MoveOn(AssignmentStatus.Stopped, from: [AssignmentStatus.Waiting, AssignmentStatus.Assigned]);

    private bool MoveOn(AssignmentStatus to, params ReadOnlySpan<AssignmentStatus> from)
    {
        if (!from.Contains(Status))
            return false;
        Status = to;
        if (to is AssignmentStatus.Completed or AssignmentStatus.Stopped)
            Phone = null;
        Version++;
        return true;
    }
}

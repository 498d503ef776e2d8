using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>A change of an assignment.</summary>
/// <param name="OrderId">The correlation key: an order is one visit.</param>
/// <param name="WorkerId">Who comes; <see langword="null"/> where nobody had been assigned.</param>
public sealed record AssignmentEvent(Guid OrderId, long Version, DateTimeOffset At, Guid? WorkerId, string? WorkerName) : IEvent<AssignmentEvent>
{
    static string IEvent<AssignmentEvent>.Topic => Topics.Assignments;
    static JsonTypeInfo<CloudEvent<AssignmentEvent>> IEvent<AssignmentEvent>.Json => ContractsJson.Default.CloudEventAssignmentEvent;
    string IEvent<AssignmentEvent>.Key => OrderId.ToString();

    /// <summary>A worker was assigned.</summary>
    public const string WorkerAssigned = "WorkerAssigned";

    /// <summary>The worker's side says it took place.</summary>
    public const string Completed = "AssignmentCompleted";

    /// <summary>Nobody will come; the worker, if there was one, is free.</summary>
    public const string Stopped = "AssignmentStopped";
}

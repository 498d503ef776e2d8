namespace OrderMall.ServiceDefaults.Messaging;

// What operations asks of every service that subscribes: GET /dead-letters lists what is parked, these do something about it.

/// <summary>
/// Asks a service for events that it parked because they could not be handled: <c>POST /dead-letters/replay</c> handles them again,
/// <c>POST /dead-letters/discard</c> forgets one.
/// </summary>
/// <param name="EventId">Which; <see langword="null"/> (to replay) is every one.</param>
public sealed record DeadLetterRequest(string? EventId);

/// <summary>The answer to a <see cref="DeadLetterRequest"/>. Both counts are 0 where there is no such event.</summary>
/// <param name="Done">How many were handled or discarded: they are parked no longer.</param>
/// <param name="Left">How many are parked now.</param>
/// <param name="Reason">Why the first that failed could not be handled.</param>
public sealed record DeadLetterAnswer(int Done, int Failed, long Left, string? Reason);

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>
/// Has a service publish again what it knows of an order or a title, for subscribers that never got it: a broker can lose an event.
/// Those that did get it see nothing new. Internal: <c>POST /republications</c> of ordering, payment, store, delivery, dispatch, publishing.
/// </summary>
/// <param name="Id">The order, or the title.</param>
public sealed record RepublishRequest(Guid Id);

/// <summary>The answer to a <see cref="RepublishRequest"/>.</summary>
/// <param name="IsKnown">Whether the service knows the order or title at all.</param>
/// <param name="Events">The names of the events that go out again, in their order.</param>
public sealed record RepublishAnswer(bool IsKnown, IReadOnlyList<string> Events);

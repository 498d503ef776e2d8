namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>
/// Has a service publish again what it knows of an aggregate, for subscribers that never got it: a broker can lose an event.
/// Those that did get it see nothing new. Internal: <c>POST /republications</c>.
/// </summary>
public sealed record RepublishRequest(Guid Id);

/// <summary>The answer to a <see cref="RepublishRequest"/>.</summary>
/// <param name="Events">The names of the events that go out again, in their order.</param>
public sealed record RepublishAnswer(bool IsKnown, IReadOnlyList<string> Events);

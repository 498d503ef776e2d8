using System.Text.Json.Serialization;

namespace OrderMall.Contracts.Calls;

/// <summary>What became of a <see cref="StopRequest"/>.</summary>
[JsonConverter(typeof(NamedValueConverter<StopOutcome>))]
public enum StopOutcome
{
    /// <summary>It will not be fulfilled. What has not reached the fulfiller yet will not be started when it comes.</summary>
    Stopped,

    /// <summary>It is already under way or done.</summary>
    TooLate,
}

/// <summary>Asks a fulfiller (store, delivery or dispatch) not to fulfil an order. Idempotent. <c>POST /stops</c>.</summary>
/// <param name="UnlessConfirmed">Whether it is too late once somebody stands by the order: confirmed it, or was assigned to it.</param>
public sealed record StopRequest(Guid OrderId, bool UnlessConfirmed = false);

/// <summary>The answer to a <see cref="StopRequest"/>.</summary>
public sealed record StopAnswer(StopOutcome Outcome);

using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>The product team decided on a title. Whether it stays so, publishing says: see <see cref="TitleEvent"/>.</summary>
/// <param name="Reason">The reviewer's words when it was rejected.</param>
public sealed record ReviewEvent(Guid TitleId, long Version, DateTimeOffset At, string? Reason) : IEvent<ReviewEvent>
{
    static string IEvent<ReviewEvent>.Topic => Topics.Reviews;
    static JsonTypeInfo<CloudEvent<ReviewEvent>> IEvent<ReviewEvent>.Json => ContractsJson.Default.CloudEventReviewEvent;
    string IEvent<ReviewEvent>.Key => TitleId.ToString();

    /// <summary>A reviewer approved.</summary>
    public const string Approved = "ReviewApproved";

    /// <summary>A reviewer refused.</summary>
    public const string Rejected = "ReviewRejected";

    /// <summary>Nothing is to be decided any more.</summary>
    public const string Withdrawn = "ReviewWithdrawn";
}

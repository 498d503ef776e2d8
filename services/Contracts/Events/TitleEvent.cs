using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Messaging;

namespace OrderMall.Contracts.Events;

/// <summary>Where the registration of a title stands.</summary>
[JsonConverter(typeof(NamedValueConverter<TitleStatus>))]
public enum TitleStatus
{
    /// <summary>Its review is being requested: only who registers it sees it.</summary>
    Pending,

    /// <summary>The product team has it.</summary>
    InReview,

    /// <summary>On sale as a book.</summary>
    Approved,

    /// <summary>Refused; the reason says why. Final.</summary>
    Rejected,

    /// <summary>The publisher withdrew it. Final.</summary>
    Cancelled,
}

/// <summary>
/// A change of a title's registration: the whole registration as it stood right after it. Publishing decides where it
/// stands: a review that was approved while the publisher withdrew counts only if publishing says so.
/// </summary>
/// <param name="TitleId">The correlation key; also the id of the offer that an approved title becomes.</param>
/// <param name="Reason">The reviewer's words when it was rejected.</param>
/// <param name="PublisherId">Who registers it, and sells it once approved.</param>
/// <param name="Price">Of one copy, in <paramref name="Currency"/>.</param>
/// <param name="Copies">How many can be sold.</param>
/// <param name="WasApproved">Whether it ever was <see cref="TitleStatus.Approved"/>: only then it was on sale.</param>
public sealed record TitleEvent(
    Guid TitleId,
    long Version,
    DateTimeOffset At,
    TitleStatus Status,
    string? Reason,
    string PublisherId,
    string Title,
    string Author,
    decimal Price,
    string Currency,
    int Copies,
    bool WasApproved = false) : IEvent<TitleEvent>
{
    static string IEvent<TitleEvent>.Topic => Topics.Titles;
    static JsonTypeInfo<CloudEvent<TitleEvent>> IEvent<TitleEvent>.Json => ContractsJson.Default.CloudEventTitleEvent;
    string IEvent<TitleEvent>.Key => TitleId.ToString();

    /// <summary>Registered, and taken in for review.</summary>
    public const string Registered = "TitleRegistered";

    /// <summary>Approved: it goes on sale.</summary>
    public const string Approved = "TitleApproved";

    /// <summary>Refused.</summary>
    public const string Rejected = "TitleRejected";

    /// <summary>Withdrawn by its publisher; what was on sale goes off sale.</summary>
    public const string Cancelled = "TitleCancelled";

    /// <summary>An attempt whose review could not be requested for certain. Its review, if there is one, is undone; people are never told of it.</summary>
    public const string Voided = "TitleVoided";

    /// <summary>Every event that people are told of: all but <see cref="Voided"/>.</summary>
    public static readonly IReadOnlyCollection<string> OfPublicTitles = [Registered, Approved, Rejected, Cancelled];
}

using System.Text.Json.Serialization;

namespace OrderMall.Contracts.Calls;

/// <summary>What became of a <see cref="ReviewRequest"/>.</summary>
[JsonConverter(typeof(NamedValueConverter<ReviewRequestOutcome>))]
public enum ReviewRequestOutcome
{
    /// <summary>The product team has it, now or by an earlier request for the same title.</summary>
    Taken,

    /// <summary>The registration was withdrawn before; nothing is reviewed and nothing will be.</summary>
    Withdrawn,
}

/// <summary>Asks the product team to review a title. Idempotent by title id. <c>POST /review-requests</c> of the store.</summary>
public sealed record ReviewRequest(Guid TitleId, string PublisherId, string Title, string Author);

/// <summary>The answer to a <see cref="ReviewRequest"/>.</summary>
public sealed record ReviewRequestAnswer(ReviewRequestOutcome Outcome);

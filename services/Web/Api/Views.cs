using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderMall.Web.Api;

// What the public API says, as far as the pages show it: docs are in /openapi/v1.json. What a newer mall adds is left aside.

/// <summary>Signed in.</summary>
public sealed record Tokens(string AccessToken, int ExpiresIn, string RefreshToken);

/// <summary>An account.</summary>
public sealed record Account(string Id, string Email, string Name, IReadOnlyList<string> Roles, string? BusinessId = null, string? BusinessRole = null);

/// <summary>An application for a role.</summary>
public sealed record RoleApplication(Guid Id, string Email, string Name, string Role, string? BusinessName, string? Note, string Status, string? Reason, DateTimeOffset AppliedAt);

/// <summary>What an action that asks several services answers; other actions say nothing of it.</summary>
public sealed record Done(IReadOnlyList<string>? Unreachable = null);

/// <summary>What was given to an account or taken from it, by whom and when.</summary>
public sealed record AccountChange(
    Guid Id, string AccountId, DateTimeOffset At, string ChangedBy, string What, IReadOnlyList<string> RolesBefore, IReadOnlyList<string> RolesAfter,
    string? BusinessBefore, string? BusinessAfter, string? Reason);

/// <summary>An offer.</summary>
public sealed record Offer(
    Guid Id, string MerchantId, string Kind, string Title, decimal Price, decimal? Deposit, string Currency, Prepayment Prepayment, Fulfilment Fulfilment,
    int? Capacity, int? Available, int? MaxPerCustomer, DateOnly? Date, string? Place, string? Details)
{
    /// <summary>What is paid first for one.</summary>
    public decimal Prepaid => Prepayment switch { Prepayment.Full => Price, Prepayment.Deposit => Deposit ?? 0, _ => 0 };
}

/// <summary>A status that something reached.</summary>
public sealed record Step(string Status, DateTimeOffset At, string? Reason = null);

/// <summary>An order as ordering has it.</summary>
public sealed record Order(
    Guid Id, Guid OfferId, string Kind, string Title, int Quantity, decimal Amount, decimal Prepaid, string Currency, string Status, string? Reason,
    string? Destination, DateOnly? Date, string? Place, DateTimeOffset CreatedAt, IReadOnlyList<Step> History);

/// <summary>A payment.</summary>
public sealed record Payment(Guid OrderId, decimal Amount, string Currency, string Status);

/// <summary>An order on its customer's page.</summary>
public sealed record MyOrder(
    Guid OrderId, string Title, string Kind, string Status, decimal Amount, string Currency, DateOnly? Date, string? Place, DateTimeOffset UpdatedAt, IReadOnlyList<Step> Timeline);

/// <summary>A title on its publisher's page.</summary>
public sealed record MyTitle(
    Guid TitleId, string Title, string Author, decimal Price, string Currency, int Copies, string Status, string? Reason, IReadOnlyList<Step> Timeline);

/// <summary>A message.</summary>
public sealed record Message(Guid Id, Guid? OrderId, string Subject, string Text, DateTimeOffset At, bool IsRead);

/// <summary>The count of unread messages.</summary>
public sealed record UnreadMessages(int Unread);

/// <summary>The channels by which a person is told, besides the app.</summary>
public sealed record Channels(bool Push, bool OffersPush);

/// <summary>Kinds of offers that somebody wants to hear of.</summary>
public sealed record Interests(IReadOnlyList<string> Kinds);

/// <summary>The address that somebody is written to.</summary>
public sealed record Address(string Email, bool Confirmed);

/// <summary>An order in its merchant's book.</summary>
public sealed record StoreOrder(
    Guid OrderId, string Title, int Quantity, string Status, DateOnly? Date, DateTimeOffset ReceivedAt,
    string? CustomerName = null, string? Phone = null, string? Destination = null, string? Note = null, string? Place = null, decimal? Amount = null, string? Currency = null);

/// <summary>What a merchant sold.</summary>
public sealed record Sales(DateOnly From, DateOnly To, IReadOnlyDictionary<string, long> Counts, IReadOnlyList<DaySales> Days);

/// <summary>On one day.</summary>
public sealed record DaySales(DateOnly Day, string Currency, long Orders, decimal Amount, decimal Prepaid);

/// <summary>The language that somebody reads.</summary>
public sealed record ChosenLanguage(string Language);

/// <summary>A business as its members see it.</summary>
public sealed record Business(string Id, string Name, string Role, IReadOnlyList<Member> Members);

/// <summary>Who belongs to it, or is invited to it and has not accepted.</summary>
public sealed record Member(string AccountId, string Email, string? Name, string Role, DateTimeOffset? JoinedAt);

/// <summary>An invitation to a business.</summary>
public sealed record Invitation(string BusinessId, string BusinessName, string Role);

/// <summary>A worker.</summary>
public sealed record Worker(Guid Id, string Name, Guid? OrderId, IReadOnlyList<DateOnly> DaysOff);

/// <summary>How full a merchant's days are.</summary>
public sealed record WorkCalendar(int Workers, IReadOnlyList<WorkDay> Days);

/// <summary>A day with visits, or with a worker off.</summary>
public sealed record WorkDay(DateOnly Date, int Waiting, int Assigned, int Completed, int Off);

/// <summary>Who comes to an order.</summary>
public sealed record Assignment(
    Guid OrderId, Guid? WorkerId, string? WorkerName, string Status, string? Title = null, DateOnly? Date = null, string? Destination = null, string? Phone = null, string? CustomerName = null);

/// <summary>A parcel.</summary>
public sealed record Parcel(Guid OrderId, string Destination, string Status);

/// <summary>A review of a new title.</summary>
public sealed record Review(Guid TitleId, string Title, string Author, string Status);

/// <summary>What others buy.</summary>
public sealed record Recommendation(Guid OfferId, string? Title, string? Kind);

/// <summary>A service, where it runs.</summary>
public sealed record ServiceState(string AppId, string Status, int Instances, int Restarts, IReadOnlyList<Circuit> Circuits);

/// <summary>A circuit breaker.</summary>
public sealed record Circuit(string Target, string State);

/// <summary>What is raised.</summary>
public sealed record Alarms(DateTimeOffset At, [property: JsonPropertyName("alarms")] IReadOnlyList<RaisedAlarm> Raised);

/// <summary>One of them.</summary>
public sealed record RaisedAlarm(string Service, string Name, double? Value, string Unit, string Meaning);

/// <summary>An event that could not be handled.</summary>
public sealed record DeadLetter(string Service, string EventId, string Topic, string Type, DateTimeOffset ParkedAt, string Reason);

/// <summary>What must agree.</summary>
public sealed record AuditReport(DateTimeOffset Since, DateTimeOffset At, bool Complete, IReadOnlyDictionary<string, long> Counts, IReadOnlyList<Disagreement> Disagreements);

/// <summary>What does not.</summary>
public sealed record Disagreement(string Rule, string Detail, Guid? OrderId, Guid? OfferId, Guid? TitleId);

/// <summary>The events of an order, with who handled each when.</summary>
public sealed record EventHistory(IReadOnlyList<PastEvent> Events, IReadOnlyList<string> Unreachable, IReadOnlyList<string> Untold);

/// <summary>One of them.</summary>
public sealed record PastEvent(
    string Topic, string Type, long? Version, DateTimeOffset At, string? TraceId, string PublishedBy, DateTimeOffset? PublishedAt, IReadOnlyList<EventHandled> Handled);

/// <summary>What became of it at a subscriber.</summary>
public sealed record EventHandled(string Service, DateTimeOffset? At, DateTimeOffset? ParkedAt);

/// <summary>Source-generated JSON of the public API.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Tokens))]
[JsonSerializable(typeof(Account))]
[JsonSerializable(typeof(Page<Account>))]
[JsonSerializable(typeof(Page<AccountChange>))]
[JsonSerializable(typeof(Done))]
[JsonSerializable(typeof(Page<RoleApplication>))]
[JsonSerializable(typeof(Offer))]
[JsonSerializable(typeof(Page<Offer>))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(Payment))]
[JsonSerializable(typeof(Page<MyOrder>))]
[JsonSerializable(typeof(Page<MyTitle>))]
[JsonSerializable(typeof(Page<Message>))]
[JsonSerializable(typeof(UnreadMessages))]
[JsonSerializable(typeof(Channels))]
[JsonSerializable(typeof(Interests))]
[JsonSerializable(typeof(Address))]
[JsonSerializable(typeof(Page<StoreOrder>))]
[JsonSerializable(typeof(Sales))]
[JsonSerializable(typeof(ChosenLanguage))]
[JsonSerializable(typeof(Business))]
[JsonSerializable(typeof(Page<Invitation>))]
[JsonSerializable(typeof(Page<Worker>))]
[JsonSerializable(typeof(WorkCalendar))]
[JsonSerializable(typeof(Page<Assignment>))]
[JsonSerializable(typeof(Page<Parcel>))]
[JsonSerializable(typeof(Page<Review>))]
[JsonSerializable(typeof(Page<Recommendation>))]
[JsonSerializable(typeof(List<ServiceState>))]
[JsonSerializable(typeof(Alarms))]
[JsonSerializable(typeof(List<DeadLetter>))]
[JsonSerializable(typeof(AuditReport))]
[JsonSerializable(typeof(EventHistory))]
[JsonSerializable(typeof(Dictionary<string, string>))]
internal sealed partial class WebJson : JsonSerializerContext;

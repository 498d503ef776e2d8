using System.Text.Json.Serialization;

namespace OrderMall.Contracts;

/// <summary>What of a CloudEvents 1.0 envelope a subscriber reads.</summary>
/// <param name="Id">Unique for the event: redeliveries carry the same id.</param>
/// <param name="Type">The event's name, such as <see cref="OrderEvent.Accepted"/>.</param>
/// <typeparam name="T">The payload of the topic.</typeparam>
public sealed record CloudEvent<T>(string Id, string Type, T Data);

/// <summary>Source-generated JSON of everything the services exchange.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(CloudEvent<OrderEvent>))]
[JsonSerializable(typeof(CloudEvent<StoreEvent>))]
[JsonSerializable(typeof(CloudEvent<ParcelEvent>))]
[JsonSerializable(typeof(CloudEvent<PaymentEvent>))]
[JsonSerializable(typeof(CloudEvent<OfferEvent>))]
[JsonSerializable(typeof(CloudEvent<AssignmentEvent>))]
[JsonSerializable(typeof(CloudEvent<TitleEvent>))]
[JsonSerializable(typeof(CloudEvent<ReviewEvent>))]
[JsonSerializable(typeof(CloudEvent<AccountEvent>))]
[JsonSerializable(typeof(HoldRequest))]
[JsonSerializable(typeof(HoldAnswer))]
[JsonSerializable(typeof(ChargeRequest))]
[JsonSerializable(typeof(ChargeAnswer))]
[JsonSerializable(typeof(RefundRequest))]
[JsonSerializable(typeof(RefundAnswer))]
[JsonSerializable(typeof(StopRequest))]
[JsonSerializable(typeof(StopAnswer))]
[JsonSerializable(typeof(ReviewRequest))]
[JsonSerializable(typeof(ReviewRequestAnswer))]
[JsonSerializable(typeof(ProviderCharge))]
[JsonSerializable(typeof(ProviderKey))]
[JsonSerializable(typeof(ProviderAnswer))]
[JsonSerializable(typeof(AuditPage))]
[JsonSerializable(typeof(AuditOrders))]
[JsonSerializable(typeof(AuditPages))]
[JsonSerializable(typeof(List<AuditedOrder>))]
[JsonSerializable(typeof(List<AuditedPayment>))]
[JsonSerializable(typeof(List<AuditedCharge>))]
[JsonSerializable(typeof(List<AuditedOffer>))]
[JsonSerializable(typeof(List<AuditedHold>))]
[JsonSerializable(typeof(List<AuditedView>))]
[JsonSerializable(typeof(List<AuditedIdle>))]
[JsonSerializable(typeof(List<AuditedTitle>))]
[JsonSerializable(typeof(AuditedMessaging))]
[JsonSerializable(typeof(DeadLetterRequest))]
[JsonSerializable(typeof(DeadLetterAnswer))]
[JsonSerializable(typeof(RepublishRequest))]
[JsonSerializable(typeof(RepublishAnswer))]
[JsonSerializable(typeof(List<MeasuredAlarm>))]
[JsonSerializable(typeof(HistoryRequest))]
[JsonSerializable(typeof(HistoryPage<OrderEvent, OrderStatus>))]
[JsonSerializable(typeof(HistoryPage<TitleEvent, TitleStatus>))]
[JsonSerializable(typeof(RebuildProgress))]
public sealed partial class ContractsJson : JsonSerializerContext;

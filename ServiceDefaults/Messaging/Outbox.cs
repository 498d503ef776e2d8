using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Events leave with the change that they tell of, or not at all: they are rows of the same transaction, which <see cref="OutboxPublisher"/> takes from there.</summary>
public static class Outbox
{
    /// <summary>Publishes an event if and only if the changes of this context are saved.</summary>
    public static void Publish<T>(this MallDb db, string type, T e)
        where T : class, IEvent<T> =>
        db.Outbox.Add(new OutboxMessage
        {
            EventId = StableId.Of($"{T.Topic}/{type}/{e.Key}/{e.Version}", e.At, e.Version),
            Topic = T.TopicOf(type),
            Type = type,
            Key = e.Key,
            Version = e.Version,
            Data = JsonSerializer.Serialize(e, (JsonTypeInfo<T>)T.Json.Options.GetTypeInfo(typeof(T))),
            TraceParent = Activity.Current?.Id,
            CreatedAt = e.At,
        });
}

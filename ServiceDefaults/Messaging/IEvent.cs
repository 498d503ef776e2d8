using System.Text.Json.Serialization.Metadata;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>An event: it says itself where it is published and how it is written, so that neither has to be told to who publishes or subscribes.</summary>
public interface IEvent<TSelf>
    where TSelf : class, IEvent<TSelf>
{
    /// <summary>The topic of all of them, where <see cref="TopicOf"/> says no other; part of their ids wherever they go.</summary>
    static abstract string Topic { get; }

    /// <summary>The topic of one sort of them. A topic is what the same services act on, so that on every broker a subscriber receives little else.</summary>
    static virtual string TopicOf(string type) => TSelf.Topic;

    /// <summary>How it is written as JSON, in its envelope and without it.</summary>
    static abstract JsonTypeInfo<CloudEvent<TSelf>> Json { get; }

    /// <summary>The correlation key: the aggregate's id. Events of one key leave in the order in which they were committed.</summary>
    string Key { get; }

    /// <summary>When it happened (UTC).</summary>
    DateTimeOffset At { get; }

    /// <summary>The aggregate's version: it grows with each change. With the same version and time it is the same event, under the same id, however often it is published: who handled it knows it.</summary>
    long Version { get; }
}

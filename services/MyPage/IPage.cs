using System.Text.Json.Serialization.Metadata;

namespace OrderMall.MyPage;

/// <summary>Something on a person's page, as it is kept.</summary>
internal interface IPage
{
    /// <summary>What it is, in the singular: names its keys and its stream events.</summary>
    string Name { get; }

    /// <summary>Whose.</summary>
    string PersonId { get; }

    Guid Id { get; }

    string Status { get; }

    DateTimeOffset UpdatedAt { get; }

    /// <summary>The highest that was seen.</summary>
    long Version { get; }

    /// <summary>As the person sees it.</summary>
    string ViewJson { get; }
}

/// <summary>A page that is made of events.</summary>
/// <typeparam name="TSelf">The page.</typeparam>
/// <typeparam name="TEvent">The events.</typeparam>
internal interface IPage<TSelf, TEvent> : IPage
    where TSelf : class, IPage<TSelf, TEvent>
{
    /// <inheritdoc cref="IPage.Name"/>
    static abstract string Sort { get; }

    static abstract JsonTypeInfo<TSelf> Json { get; }

    /// <summary>Whether nothing has usually happened before.</summary>
    static abstract bool IsUsuallyFirst(TEvent e);

    /// <summary>The page of what is seen for the first time.</summary>
    static abstract TSelf Begin(TEvent e);

    /// <summary>The page with what another one of the same knows: one of a single event, or of all until then.</summary>
    /// <returns><see langword="null"/> when all of it is known already.</returns>
    TSelf? With(TSelf other);
}

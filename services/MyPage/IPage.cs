using System.Text.Json.Serialization.Metadata;

namespace OrderMall.MyPage;

/// <summary>Something on a person's page, as it is kept.</summary>
internal interface IPage : IStreamed
{
    string Status { get; }
}

/// <summary>A page that is made of events.</summary>
internal interface IPage<TSelf, TEvent> : IPage
    where TSelf : class, IPage<TSelf, TEvent>
{
    /// <inheritdoc cref="IStreamed.Name"/>
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

namespace OrderMall.ServiceDefaults.Streams;

/// <summary>Something of a person's that changes, as their event stream tells of it.</summary>
public interface IStreamed
{
    /// <summary>What it is, in the singular: names its events.</summary>
    string Name { get; }

    /// <summary>Whose.</summary>
    string PersonId { get; }

    /// <summary>Which.</summary>
    Guid Id { get; }

    /// <summary>Grows with each change that the person is told of.</summary>
    long Version { get; }

    /// <summary>When it last changed (UTC).</summary>
    DateTimeOffset UpdatedAt { get; }

    /// <summary>As the person sees it.</summary>
    string ViewJson { get; }
}

/// <summary>Finds what of a person's changed last.</summary>
public interface INewest
{
    /// <summary>Reads the newest of a person, of one sort: at most <paramref name="count"/>, in any order.</summary>
    Task<IReadOnlyList<IStreamed>> GetNewestAsync(string personId, int count, CancellationToken cancellationToken);
}

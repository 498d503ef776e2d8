namespace OrderMall.Saga.Tests.World;

/// <summary>What the network does to a call between two services.</summary>
internal enum Fault
{
    /// <summary>It never arrives.</summary>
    Lost,

    /// <summary>It is done, and the answer never arrives.</summary>
    AnswerLost,

    /// <summary>It is done twice, the second time because the first answer was lost.</summary>
    Twice,

    /// <summary>The caller gives up on it, and then it arrives.</summary>
    Late,

    /// <summary>It takes its time: other things happen before it arrives.</summary>
    Slow,
}

/// <summary>An answer to a call.</summary>
internal sealed record Answer(int Status, string? ContentType, byte[] Body);

/// <summary>Something under way: it happens when the case says so.</summary>
internal abstract record Message;

/// <summary>Something the network still has to deliver.</summary>
internal abstract record Letter(string To, string Path, byte[] Body) : Message;

/// <summary>A published event, for one subscriber.</summary>
internal sealed record EventMessage(string To, string Path, byte[] Body, string Type, Guid Id) : Letter(To, Path, Body)
{
    public override string ToString() => $"{Type} to {To}";
}

/// <summary>A call that nobody waits for any more, or that somebody still does.</summary>
internal sealed record CallMessage(string To, string Path, byte[] Body, Life? Caller) : Letter(To, Path, Body)
{
    /// <summary>What a caller that waits is told; <see langword="null"/> is: nothing came back.</summary>
    public TaskCompletionSource<Answer?>? Waiting { get; init; }

    public override string ToString() => $"{To}/{Path}{(Waiting is null ? " (late)" : "")}";
}

/// <summary>A statement that a service waits with before it sends it to its database.</summary>
internal sealed record Statement(Life Sender, TaskCompletionSource Waiting) : Message
{
    public override string ToString() => $"a statement of {Sender.AppId}";
}

/// <summary>An event as it was published first.</summary>
internal sealed record PublishedEvent(string Topic, Guid Id, string Type, string Key, long Version);

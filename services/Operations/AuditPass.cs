namespace OrderMall.Operations;

/// <summary>One look at everything there is, as far as it has come: it goes on where it stopped.</summary>
internal sealed class AuditPass(DateTimeOffset since)
{
    /// <summary>When it began (UTC).</summary>
    public DateTimeOffset Since => since;

    /// <summary>What it has counted so far.</summary>
    public AuditCounts Counts { get; } = new();

    /// <summary>What does not agree, for certain.</summary>
    public List<Disagreement> Found { get; } = [];

    /// <summary>Orders, what is paid, charged and held for orders, and titles that have to be looked at again.</summary>
    public (List<Guid> Orders, List<Guid> Payments, List<Guid> Charges, List<Guid> Holds, List<Guid> Titles) Suspects { get; } = ([], [], [], [], []);

    /// <summary>The services that did not answer, and what came instead: what they know was not compared.</summary>
    public Dictionary<string, string> Unreachable { get; } = [];

    /// <summary>How many of its steps are done.</summary>
    public int Step { get; set; }

    /// <summary>The last one that it has looked at in this step.</summary>
    public Guid? After { get; set; }
}

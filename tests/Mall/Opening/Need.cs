namespace OrderMall.Mall.Tests.Opening;

/// <summary>What a test needs besides a mall that is open.</summary>
[Flags]
public enum Need
{
    /// <summary>Malls or services that it opens itself.</summary>
    Own = 1,

    /// <summary>That services can be stopped and started, and the payment provider made to misbehave.</summary>
    Faults = 2,

    /// <summary>The service that recommends.</summary>
    Marketing = 4,

    /// <summary>Python on this machine.</summary>
    Python = 8,

    /// <summary>Linux, which shows what processes do.</summary>
    Linux = 16,

    /// <summary>Signals, as Unix systems have them.</summary>
    Unix = 32,
}

/// <summary>A fact that needs more than a mall that is open; skipped by name where that is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FactNeedingAttribute : FactAttribute
{
    public FactNeedingAttribute(Need need) => Skip = Needs.Lacks(need);
}

/// <summary>A theory that needs more than a mall that is open; skipped by name where that is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TheoryNeedingAttribute : TheoryAttribute
{
    public TheoryNeedingAttribute(Need need) => Skip = Needs.Lacks(need);
}

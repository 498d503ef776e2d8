namespace OrderMall.Mall.Tests.Opening;

/// <summary>What a test needs besides a mall that is open.</summary>
[Flags]
public enum Need
{
    /// <summary>Malls or services that it opens itself.</summary>
    Own = 1,

    /// <summary>That services can be stopped and started, and the payment provider made to misbehave.</summary>
    Faults = 2,

    /// <summary>Python on this machine.</summary>
    Python = 4,
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

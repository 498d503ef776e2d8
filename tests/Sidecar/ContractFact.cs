using Xunit.Abstractions;
using Xunit.Sdk;

namespace OrderMall.Sidecar.Tests;

/// <summary>
/// A fact of Dapr's behaviour: true of the embedded sidecar in one class, and of the real daprd in another that derives from the
/// same tests. The latter runs where DAPRD_PATH names a daprd and REDIS_HOST a Redis (host:port), and is skipped by name elsewhere.
/// </summary>
[XunitTestCaseDiscoverer("OrderMall.Sidecar.Tests.ContractFactDiscoverer", "OrderMall.Sidecar.Tests")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class ContractFactAttribute : FactAttribute;

/// <summary>Marks the classes whose tests ask the real daprd.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class AgainstDaprdAttribute : Attribute;

public sealed class ContractFactDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute)
    {
        var daprd = testMethod.TestClass.Class.GetCustomAttributes(typeof(AgainstDaprdAttribute)).Any();
        var (display, options) = (discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault());
        yield return daprd && DaprdUnderTest.Missing is not null
            ? new SkippedTestCase(messages, display, options, testMethod)
            : new XunitTestCase(messages, display, options, testMethod);
    }
}

public sealed class SkippedTestCase : XunitTestCase
{
    [Obsolete("Called by the de-serializer")]
    public SkippedTestCase()
    {
    }

    public SkippedTestCase(IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod testMethod)
        : base(messages, display, options, testMethod)
    {
    }

    // The base class asks for this while it is being constructed, so no field could hold it.
    protected override string? GetSkipReason(IAttributeInfo factAttribute) => DaprdUnderTest.Missing;
}

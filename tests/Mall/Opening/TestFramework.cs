using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: Xunit.TestFramework("OrderMall.Mall.Tests.Opening.TestFramework", "OrderMall.Mall.Tests")]

namespace OrderMall.Mall.Tests.Opening;

/// <summary>
/// xunit as it is, but for the mall that all tests share: it is closed when the last test is over, and where it is one that was
/// open before and cannot be visited, that is said once and no test is run.
/// </summary>
public sealed class TestFramework(IMessageSink messages) : XunitTestFramework(messages)
{
    /// <inheritdoc/>
    protected override ITestFrameworkExecutor CreateExecutor(AssemblyName assemblyName) =>
        new Executor(assemblyName, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class Executor(AssemblyName assembly, ISourceInformationProvider sources, IMessageSink diagnostics)
        : XunitTestFrameworkExecutor(assembly, sources, diagnostics)
    {
        protected override async void RunTestCases(IEnumerable<IXunitTestCase> testCases, IMessageSink executionMessageSink, ITestFrameworkExecutionOptions executionOptions)
        {
            using var runner = new Runner(TestAssembly, testCases, DiagnosticMessageSink, executionMessageSink, executionOptions);
            await runner.RunAsync();
        }
    }

    private sealed class Runner(
        ITestAssembly assembly, IEnumerable<IXunitTestCase> testCases, IMessageSink diagnostics, IMessageSink execution, ITestFrameworkExecutionOptions options)
        : XunitTestAssemblyRunner(assembly, testCases, diagnostics, execution, options)
    {
        protected override async Task<RunSummary> RunTestCollectionsAsync(IMessageBus messageBus, CancellationTokenSource cancellationTokenSource)
        {
            if (await Visit.ObstacleAsync() is not { } obstacle)
                return await base.RunTestCollectionsAsync(messageBus, cancellationTokenSource);
            messageBus.QueueMessage(new ErrorMessage([], new XunitException(obstacle)));
            return new RunSummary();
        }

        protected override async Task BeforeTestAssemblyFinishedAsync()
        {
            await Aggregator.RunAsync(MallFixture.CloseAsync);
            await base.BeforeTestAssemblyFinishedAsync();
        }
    }
}

using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using OrderMall.Contracts;
using OrderMall.Contracts.Calls;
using OrderMall.Publishing;

namespace OrderMall.Services.Tests;

/// <summary>The policies of calls where the sidecars have none: a service keeps to its own settings. Seen on publishing, which asks the store.</summary>
[Collection(DoorCollection.Name)]
public sealed class CallPolicyTests(ServiceFixture fixture)
{
    private static readonly string[] Policy =
    [
        "--Resiliency:store:Timeout=00:00:00.5", "--Resiliency:store:Retries=1", "--Resiliency:store:RetryAfter=00:00:00.01",
        "--Resiliency:store:RetryOn=429,500-599",
    ];

    [Theory]
    [InlineData(500, 2)]
    [InlineData(599, 2)]
    [InlineData(429, 2)]
    [InlineData(418, 1)]
    public async Task Only_the_named_statuses_are_asked_again(int status, int calls)
    {
        await using var mall = await OpenAsync(Policy);
        mall.Answer = context => Status(context, status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await mall.RegisterAsync());
        Assert.Equal(calls, mall.Calls);
    }

    [Fact]
    public async Task A_second_try_that_works_is_the_answer()
    {
        await using var mall = await OpenAsync(Policy);
        mall.Answer = context => mall.Calls == 1 ? Status(context, 503) : TakenAsync(context);
        Assert.Equal(HttpStatusCode.Created, await mall.RegisterAsync());
        Assert.Equal(2, mall.Calls);
    }

    [Fact]
    public async Task Each_try_has_its_own_time_limit()
    {
        await using var mall = await OpenAsync(Policy);
        mall.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        var time = Stopwatch.StartNew();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await mall.RegisterAsync());
        Assert.Equal(2, mall.Calls);
        Assert.InRange(time.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task After_failures_in_a_row_the_callee_is_left_alone_for_a_while()
    {
        await using var mall = await OpenAsync(["--Resiliency:store:BreakAfter=3", "--Resiliency:store:BreakFor=00:01:00"]);
        mall.Answer = context => Status(context, 500);
        for (var i = 0; i < 6; i++)
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await mall.RegisterAsync());
        Assert.Equal(3, mall.Calls);

        mall.Answer = TakenAsync;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await mall.RegisterAsync());
        mall.Time.Set(DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.Equal(HttpStatusCode.Created, await mall.RegisterAsync());
        Assert.Equal(4, mall.Calls);
    }

    [Fact]
    public async Task However_long_each_failure_takes()
    {
        await using var mall = await OpenAsync(["--Resiliency:store:Timeout=00:00:00.6", "--Resiliency:store:BreakAfter=3", "--Resiliency:store:BreakFor=00:01:00"]);
        mall.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        for (var i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await mall.RegisterAsync());
        // The fastest of some: load only adds.
        var fastest = TimeSpan.MaxValue;
        for (var i = 0; i < 5; i++)
        {
            var time = Stopwatch.StartNew();
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await mall.RegisterAsync());
            fastest = time.Elapsed < fastest ? time.Elapsed : fastest;
        }

        Assert.Equal(3, mall.Calls);
        Assert.InRange(fastest, TimeSpan.Zero, TimeSpan.FromSeconds(0.5));
    }

    [Theory]
    [InlineData("Timeout", "soon")]
    [InlineData("Retries", "two")]
    [InlineData("RetryOn", "5xx")]
    public async Task A_setting_that_cannot_be_read_is_named(string name, string value)
    {
        var wrong = await Assert.ThrowsAsync<InvalidOperationException>(() => OpenAsync([$"--Resiliency:store:{name}", value]));
        Assert.Contains($"Resiliency:store:{name} is '{value}'", wrong.Message, StringComparison.Ordinal);
    }

    private static Task Status(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    private static Task TakenAsync(HttpContext context) => context.Response.WriteAsJsonAsync(new ReviewRequestAnswer(ReviewRequestOutcome.Taken));

    private async Task<OneCaller> OpenAsync(IReadOnlyList<string> settings)
    {
        var service = new RunningService<PublishingService>(fixture) { Settings = settings };
        await service.InitializeAsync();
        var caller = new OneCaller(service);
        // The first takes longer than the time limits here.
        await Eventually.BecomesAsync(HttpStatusCode.Created, () => caller.RegisterAsync("The first"));
        caller.Calls = 0;
        return caller;
    }

    private sealed class OneCaller : IAsyncDisposable
    {
        private readonly RunningService<PublishingService> _service;
        private readonly HttpClient _publisher;
        private int _calls;

        public OneCaller(RunningService<PublishingService> service)
        {
            (_service, _publisher) = (service, service.As("penguin", Roles.Publisher));
            service.Sidecar.Called["store/review-requests"] = context =>
            {
                Interlocked.Increment(ref _calls);
                return Answer(context);
            };
        }

        public Func<HttpContext, Task> Answer { get; set; } = TakenAsync;

        public int Calls { get => _calls; set => _calls = value; }

        public ShiftedTime Time => _service.Time;

        public async Task<HttpStatusCode> RegisterAsync(string title = "A")
        {
            using var answer = await _publisher.PostAsJsonAsync("/api/titles", new { title, author = "B", price = 10, copies = 1 });
            return answer.StatusCode;
        }

        public async ValueTask DisposeAsync()
        {
            _publisher.Dispose();
            await _service.DisposeAsync();
        }
    }
}

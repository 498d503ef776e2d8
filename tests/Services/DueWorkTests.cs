using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrderMall.ServiceDefaults.Database;
using OrderMall.Store;

namespace OrderMall.Services.Tests;

/// <summary>How a service takes up what is due.</summary>
[Collection(ServiceCollection.Name)]
public sealed class DueWorkTests(RunningService<StoreService> store) : IClassFixture<RunningService<StoreService>>
{
    private static readonly DueRows Chores = new("chore", "id", TimeSpan.FromMinutes(1))
    {
        DueAt = "at", OrderBy = "at", AreDueWithinLease = true, Or = "(at IS NULL AND until <= {0})", Set = "claims = claims + 1",
    };

    [Fact]
    public async Task What_is_due_is_claimed_once_and_a_row_that_cannot_be_brought_to_an_end_stops_neither_the_others_nor_the_service()
    {
        await using var scope = store.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<StoreDb>().Database;
        await database.ExecuteSqlRawAsync(
            """
            CREATE TABLE chore (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, at timestamptz, until timestamptz, claims integer NOT NULL DEFAULT 0);
            INSERT INTO chore (name, at, until) VALUES
                ('spoiled', now() - interval '1 hour', NULL),
                ('due', now() - interval '1 minute', NULL),
                ('due before the clock was set back', now() + interval '1 hour', NULL),
                ('over', NULL, now() - interval '1 minute'),
                ('due soon', now() + interval '1 minute', NULL),
                ('open', NULL, now() + interval '1 hour')
            """);
        using var job = new Job(store.Services.GetRequiredService<IServiceScopeFactory>());

        await job.StartAsync(CancellationToken.None);

        await Eventually.BecomesAsync("due, due before the clock was set back, over, spoiled", () => Task.FromResult(string.Join(", ", job.TakenUp.Order(StringComparer.Ordinal))));
        Assert.False(job.ExecuteTask!.IsCompleted);
        Assert.Equal(4, await database.SqlQuery<int>($"SELECT count(*)::int AS \"Value\" FROM chore WHERE claims = 1 AND at > now() AND at <= now() + interval '1 minute' AND name <> 'due soon'").SingleAsync());
        await job.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Who_has_nothing_to_do_looks_rarely_until_something_is_committed_or_due()
    {
        var (seldom, often, time) = (TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), new ManualTime());
        await using var scope = store.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<StoreDb>();
        await db.Database.ExecuteSqlRawAsync("CREATE TABLE errand (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, due_at timestamptz)");
        using var job = new Job(store.Services.GetRequiredService<IServiceScopeFactory>(), new DueRows("errand", "id", TimeSpan.FromMinutes(1)), time);
        await job.StartAsync(CancellationToken.None);
        await LooksAsync(often);

        await IdleAsync();
        await db.SaveChangesAsync();
        await LooksAsync(often);

        await IdleAsync();
        store.Services.GetRequiredService<CommitSignal>().Raise();
        await LooksAsync(often);

        await IdleAsync();
        await db.Database.ExecuteSqlAsync($"INSERT INTO errand (name, due_at) VALUES ('late', {time.GetUtcNow()})");
        time.Advance(seldom);
        await LooksAsync(often);

        await IdleAsync();
        await job.StopAsync(CancellationToken.None);
        await db.SaveChangesAsync();

        async Task IdleAsync()
        {
            time.Advance(TimeSpan.FromSeconds(31));
            await LooksAsync(seldom);
        }

        Task LooksAsync(TimeSpan every) => Eventually.TrueAsync(() => time.Periods is [var period] && period == every);
    }

    private sealed class Job(IServiceScopeFactory scopes, DueRows? rows = null, TimeProvider? time = null)
        : DueWork<StoreDb>(rows ?? Chores, scopes, time ?? TimeProvider.System, NullLogger.Instance)
    {
        public ConcurrentBag<string> TakenUp { get; } = [];

        protected override async Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
        {
            var name = await services.GetRequiredService<StoreDb>().Database.SqlQuery<string>($"SELECT name AS \"Value\" FROM chore WHERE id = {id}").SingleOrDefaultAsync(cancellationToken);
            if (name is null)
                return;
            TakenUp.Add(name);
            if (name == "spoiled")
                throw new InvalidOperationException("It is not as anybody thought.");
        }
    }
}

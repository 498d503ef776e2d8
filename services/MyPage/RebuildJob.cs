using System.Threading.Channels;
using Microsoft.Extensions.Options;

namespace OrderMall.MyPage;

/// <summary>One owner of what is on people's pages.</summary>
/// <param name="RestoreAsync">
/// Makes some pages again: those that follow, or the first. Gives how many the owner was asked for, and where the next begin, <see langword="null"/> after the last.
/// </param>
internal sealed record ViewSource(Func<Guid?, CancellationToken, Task<(int Count, Guid? Next)>> RestoreAsync);

/// <summary>
/// Makes people's pages again from what their owners hold: by itself where the state store has lost them, and when an operator asks. It goes
/// a page of the owner at a time and remembers in the store how far it is, so that whoever goes on does so from there. Events are handled
/// meanwhile as always: a page keeps what it has and gets what it lacks, whoever comes first.
/// </summary>
internal sealed partial class RebuildJob(StateStore state, IEnumerable<ViewSource> sources, IOptions<RebuildOptions> options, TimeProvider time, ILogger<RebuildJob> logger) : BackgroundService
{
    private const string Key = "rebuild";
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);
    // A page and saving how far it is: less than the lease.
    private static readonly TimeSpan PageTimeLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SaveTimeLimit = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly IReadOnlyList<ViewSource> _sources = [.. sources];
    private readonly string _me = $"{Guid.NewGuid()}";
    private readonly Channel<bool> _asked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private volatile RebuildState? _last;

    /// <summary>For how long it has been under way without going on; zero while it does, and when nothing is to be done.</summary>
    public TimeSpan StalledFor => _last is { FinishedAt: null } under && time.Now() - under.ProgressAt is { Ticks: > 0 } since ? since : TimeSpan.Zero;

    /// <summary>How far it is.</summary>
    /// <exception cref="SidecarException">The state store did not answer.</exception>
    public async Task<RebuildProgress> GetAsync(CancellationToken cancellationToken) =>
        (await state.GetAsync(Key, MyPageJson.Default.RebuildState, cancellationToken)).Value?.ToProgress() ?? new RebuildProgress(null, null, 0, null);

    /// <summary>Begins it, unless it is under way.</summary>
    /// <exception cref="SidecarException">The state store did not answer.</exception>
    public async Task<RebuildProgress> BeginAsync(CancellationToken cancellationToken)
    {
        await ChangeAsync(stored => stored is null or { FinishedAt: not null } ? RebuildState.Begin(_me, Lease, time.Now()) : null, cancellationToken);
        _asked.Writer.TryWrite(true);
        return _last!.ToProgress();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backOff = FirstPause;
        while (true)
        {
            if (await TryAsync(isFirst: backOff == FirstPause, stoppingToken))
            {
                backOff = FirstPause;
                await WaitAsync(options.Value.Interval, stoppingToken);
            }
            else
            {
                await WaitAsync(backOff, stoppingToken);
                backOff = backOff * 2 < options.Value.Interval ? backOff * 2 : options.Value.Interval;
            }
        }
    }

    // Until somebody asks, or the pause is over.
    private async Task WaitAsync(TimeSpan pause, CancellationToken stoppingToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        limit.CancelAfter(pause);
        Task asked = _asked.Reader.ReadAsync(limit.Token).AsTask();
        await asked.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stoppingToken.ThrowIfCancellationRequested();
    }

    // Whether there is nothing more to do for now.
    private async Task<bool> TryAsync(bool isFirst, CancellationToken stoppingToken)
    {
        try
        {
            await RunAsync(stoppingToken);
            return true;
        }
        catch (Exception e) when (e is SidecarException or ServiceUnavailableException || (e is OperationCanceledException && !stoppingToken.IsCancellationRequested))
        {
            // A cold start needs nobody's attention: the second failure in a row does.
            LogLater(isFirst ? LogLevel.Information : LogLevel.Warning, e.Message);
            await TryLeaveAsync(e.Message, stoppingToken);
            return false;
        }
        catch (OperationCanceledException) when (_last is { FinishedAt: null } under && under.Holder == _me)
        {
            await TryLeaveAsync(problem: null, CancellationToken.None);
            throw;
        }
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = time.Now();
        if (await ChangeAsync(
                stored => stored is null ? RebuildState.Begin(_me, Lease, now)
                    : stored.IsFor(_me, now) ? stored with { Holder = _me, HeldUntil = now + Lease }
                    : null,
                cancellationToken) is not { } rebuild)
        {
            return;
        }

        LogRunning(rebuild.Done);
        while (rebuild.FinishedAt is null)
        {
            var advanced = await AdvanceAsync(rebuild, cancellationToken);
            if (await ChangeAsync(stored => rebuild.IsStill(stored) ? advanced : null, cancellationToken) is null)
                return; // another replica goes on with it, or the store lost this too
            rebuild = advanced;
        }

        LogFinished(rebuild.Done);
    }

    private async Task<RebuildState> AdvanceAsync(RebuildState rebuild, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(PageTimeLimit);
        var (count, next) = await _sources[rebuild.Source].RestoreAsync(rebuild.After, limit.Token);
        var now = time.Now();
        var source = next is null ? rebuild.Source + 1 : rebuild.Source;
        return rebuild with
        {
            HeldUntil = now + Lease,
            Source = source,
            After = next,
            Done = rebuild.Done + count,
            ProgressAt = now,
            FinishedAt = source == _sources.Count ? now : null,
            Problem = null,
        };
    }

    // Others need not wait until our time is over.
    private async Task TryLeaveAsync(string? problem, CancellationToken cancellationToken)
    {
        try
        {
            await ChangeAsync(stored => stored is { FinishedAt: null } && stored.Holder == _me ? stored with { HeldUntil = time.Now(), Problem = problem } : null, cancellationToken);
        }
        catch (Exception e) when (e is SidecarException or OperationCanceledException)
        {
            LogLater(LogLevel.Information, e.Message);
        }
    }

    // What was saved; null where the change is none.
    private async Task<RebuildState?> ChangeAsync(Func<RebuildState?, RebuildState?> change, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(SaveTimeLimit);
        return await state.ChangeAsync(Key, MyPageJson.Default.RebuildState, stored => change(_last = stored), limit.Token) is { } changed ? _last = changed : null;
    }

    [LoggerMessage(LogLevel.Information, "People's pages are made again from what their owners hold; {Done} orders and titles are done")]
    private partial void LogRunning(long done);

    [LoggerMessage(LogLevel.Information, "People's pages are made again, of {Done} orders and titles")]
    private partial void LogFinished(long done);

    [LoggerMessage(Message = "People's pages cannot be made again at the moment, which is tried again: {Reason}")]
    private partial void LogLater(LogLevel level, string reason);
}

using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrderMall.ServiceDefaults;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.Selling;

/// <summary>
/// Takes off sale what a business had there under a right that was taken from it, so much at a time: it may be very much, and people order meanwhile.
/// Looks once more when nobody can have put anything on sale any more.
/// </summary>
/// <typeparam name="TDb">A context with <see cref="Seller"/>.</typeparam>
public abstract class SellerJob<TDb>(IServiceScopeFactory scopes, TimeProvider time, ILogger logger) : DueWork<TDb>(Changed, scopes, time, logger)
    where TDb : MallDb
{
    // Replicas of the gateway take some seconds to know of a change, requests that they let in before are under way, and clocks differ.
    private static readonly TimeSpan Stragglers = TimeSpan.FromMinutes(1);
    // Beyond the time limit of a statement; each batch renews it.
    private static readonly DueRows Changed = new("seller", "id", TimeSpan.FromSeconds(20));
    private readonly TimeProvider _time = time;

    /// <summary>Takes off sale what of the seller is older than its right to sell, or anything where it has none: a batch of it, in a transaction of its own.</summary>
    /// <returns>Whether there may be more.</returns>
    protected abstract Task<bool> EndSomeAsync(TDb db, Seller seller, DateTimeOffset now, CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override async Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
    {
        var db = services.GetRequiredService<TDb>();
        Seller seller;
        do
        {
            db.ChangeTracker.Clear();
            // As it is by now: the right may have been given back meanwhile.
            seller = await db.Set<Seller>().AsNoTracking().FirstAsync(one => one.Id == id, cancellationToken);
            var until = _time.Now() + Changed.Lease;
            await DueAtAsync(db, seller, until, cancellationToken);
        }
        while (await EndSomeAsync(db, seller, _time.Now(), cancellationToken));

        await DueAtAsync(db, seller, !seller.MaySell && seller.Since + Stragglers > _time.Now() ? seller.Since + Stragglers : null, cancellationToken);
    }

    // A later event has set it itself.
    private static Task DueAtAsync(TDb db, Seller seller, DateTimeOffset? at, CancellationToken cancellationToken) =>
        db.Set<Seller>().Where(one => one.Id == seller.Id && one.Version == seller.Version)
            .ExecuteUpdateAsync(one => one.SetProperty(s => s.DueAt, at), cancellationToken);
}

using Microsoft.EntityFrameworkCore;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>
/// Looks for a row of every kind before the service listens: what a context does once at its first use is done then, and not while
/// the first people wait. Measured on 2 cores in a mall of many processes, their first order took seconds.
/// </summary>
internal sealed class WarmUp<TDb>(IServiceScopeFactory scopes) : IHostedService
    where TDb : MallDb
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TDb>();
        try
        {
            foreach (var kind in db.Model.GetEntityTypes().Where(kind => !kind.IsOwned()))
            {
                var nobody = kind.FindPrimaryKey()?.Properties
                    .Select(property => property.ClrType == typeof(string) ? "" : property.ClrType.IsValueType ? Activator.CreateInstance(property.ClrType) : null).ToArray();
                if (nobody is not null && !nobody.Contains(null))
                    await db.FindAsync(kind.ClrType, nobody, cancellationToken);
            }
        }
        catch (Exception e) when (DatabaseFailure.IsTransient(e))
        {
            // Then the first people wait.
            DatabaseFailure.EvictPools(e, scope.ServiceProvider);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

using System.Collections.Concurrent;
using OrderMall.Postgres;

namespace OrderMall.AppHost.Postgres;

/// <summary>The services' databases, each made when its service first starts.</summary>
/// <param name="server">The server's resource, which is waited for; none where the server is there already.</param>
/// <param name="prefix">Stands before every database's name: a server that others use too should say whose they are.</param>
/// <param name="connections">The most that all services together may keep open.</param>
/// <param name="administrator">The connection string of a user who may create databases, when the server runs.</param>
/// <param name="end">Stops the server, where it is the mall's own.</param>
internal sealed class Databases(
    IResourceBuilder<IResource>? server, string prefix, int connections, Func<CancellationToken, ValueTask<string>> administrator, Func<ValueTask>? end = null) : IAsyncDisposable
{
    private const int SharedBy = 11;
    private const int Fewest = 5;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, Task<string>> _made = new();

    /// <summary>Gives an instance the connection string of its database.</summary>
    /// <param name="setting">The variable that it is given in.</param>
    /// <param name="instances">How many share what one service may have.</param>
    public void Give<T>(IResourceBuilder<T> app, string setting, string database, int instances)
        where T : IResourceWithEnvironment, IResourceWithWaitSupport
    {
        if (server is not null)
            app.WaitFor(server);
        app.WithEnvironment(async context => context.EnvironmentVariables[setting] =
            await ConnectionStringAsync(database, Math.Max(Fewest, connections / SharedBy / instances), context.CancellationToken));
    }

    /// <summary>Lets a resource wait for the server.</summary>
    public void WaitedForBy<T>(IResourceBuilder<T> resource)
        where T : IResourceWithWaitSupport
    {
        if (server is not null)
            resource.WaitFor(server);
    }

    /// <summary>Makes the database where it is missing.</summary>
    /// <returns>Its Npgsql connection string.</returns>
    /// <exception cref="PostgresClusterException">The server refused, or did not answer in time.</exception>
    public async Task<string> ConnectionStringAsync(string database, int pool, CancellationToken cancellationToken)
    {
        var making = _made.GetOrAdd(database, _ => MakeAsync(database, pool, cancellationToken));
        try
        {
            return await making.WaitAsync(cancellationToken);
        }
        catch
        {
            // The next start tries again.
            _made.TryRemove(new(database, making));
            throw;
        }
    }

    public ValueTask DisposeAsync() => end?.Invoke() ?? ValueTask.CompletedTask;

    private async Task<string> MakeAsync(string database, int pool, CancellationToken cancellationToken) =>
        await new PostgresDatabases(await administrator(cancellationToken).AsTask().WaitAsync(Limit, cancellationToken), prefix).CreateAsync(database, pool, cancellationToken);
}

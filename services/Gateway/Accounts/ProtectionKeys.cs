using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.Options;
using Npgsql;
using OrderMall.ServiceDefaults.Keys;

namespace OrderMall.Gateway.Accounts;

/// <summary>
/// Keeps the keys of the tokens in the gateway's database: a token of one replica is good at every other, and after a
/// restart. On Azure they are wrapped (<see cref="KeyVaultKey"/>): a copy of the database signs nobody in. Elsewhere whoever can read that database could
/// also read the password hashes, so they are not.
/// </summary>
internal static class ProtectionKeys
{
    /// <summary>Protects tokens with keys from the database. Call after the database was added.</summary>
    /// <exception cref="InvalidOperationException">What they are to be wrapped with is no key in a vault.</exception>
    public static void Add(WebApplicationBuilder builder)
    {
        KeyVaultKey.Add(builder, "Gateway:TokenKey");
        // Below a warning it writes the keys themselves.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection.EntityFrameworkCore", LogLevel.Warning);
        var services = builder.Services;
        services.AddDataProtection().SetApplicationName("OrderMall").PersistKeysToDbContext<GatewayDb>();

        // Authentication has already registered the service that loads the keys at start: the schema has to come first.
        var loading = services.Single(service => service.ServiceType == typeof(IHostedService)
            && service.ImplementationType?.Assembly == typeof(IDataProtectionBuilder).Assembly);
        services.Remove(loading);
        services.AddHostedService<FirstProtectionKey>();
        services.Add(loading);
    }
}

/// <summary>
/// Makes the first key, one replica at a time. Replicas that start together on an empty database would each make their
/// own, and refuse each other's tokens until they read the keys again.
/// </summary>
internal sealed class FirstProtectionKey(NpgsqlDataSource database, IKeyManager keys, IOptions<KeyManagementOptions> options, TimeProvider time) : IHostedService
{
    // Any number that only this lock uses.
    private const long LockKey = 0x4B657973;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var exclusive = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", connection, transaction) { Parameters = { new() { Value = LockKey } } };
        await exclusive.ExecuteNonQueryAsync(cancellationToken);
        if (keys.GetAllKeys().Count == 0)
            keys.CreateNewKey(time.GetUtcNow(), time.GetUtcNow() + options.Value.NewKeyLifetime);
        // The lock ends with the transaction.
        await transaction.CommitAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

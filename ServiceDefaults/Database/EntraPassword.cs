using Azure.Core;
using Azure.Identity;
using Npgsql;

namespace OrderMall.ServiceDefaults.Database;

/// <summary>
/// Signs in to Azure Database for PostgreSQL as the identity that the service runs as: its connection string names that identity as
/// the user, and has no password.
/// </summary>
internal static class EntraPassword
{
    private const string AzureServers = ".postgres.database.azure.com";
    private static readonly string[] Scopes = ["https://ossrdbms-aad.database.windows.net/.default"];

    // A token is good for an hour or more.
    private static readonly TimeSpan Refresh = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan RefreshAfterFailure = TimeSpan.FromSeconds(10);

    /// <summary>Uses it where it is needed.</summary>
    public static void UseEntraPassword(this NpgsqlDataSourceBuilder source)
    {
        var settings = source.ConnectionStringBuilder;
        if (settings.Password is { Length: > 0 } || settings.Host?.EndsWith(AzureServers, StringComparison.OrdinalIgnoreCase) != true)
            return;
        var credential = new DefaultAzureCredential();
        source.UsePeriodicPasswordProvider(
            async (_, cancellationToken) => (await credential.GetTokenAsync(new TokenRequestContext(Scopes), cancellationToken)).Token,
            Refresh,
            RefreshAfterFailure);
    }
}

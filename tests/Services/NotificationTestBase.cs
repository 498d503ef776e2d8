using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts;
using OrderMall.Notification;

namespace OrderMall.Services.Tests;

/// <summary>What the tests of messages to people share.</summary>
public abstract class NotificationTestBase(RunningService<NotificationService> notification)
{
    private protected readonly RunningService<NotificationService> _notification = notification;

    private protected Task AllToldAsync() => Eventually.BecomesAsync(0L, async () =>
    {
        await using var database = NpgsqlDataSource.Create(_notification.ConnectionString);
        await using var command = database.CreateCommand("SELECT count(*) FROM announcement WHERE NOT is_told");
        return (long)(await command.ExecuteScalarAsync())!;
    });

    private protected async Task<JsonElement> ListAsync(string personId, string query = "")
    {
        using var client = _notification.As(personId, Roles.Customer);
        return await client.GetFromJsonAsync<JsonElement>($"/api/notifications{query}");
    }
}

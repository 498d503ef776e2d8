using Npgsql;

namespace OrderMall.Notification;

/// <summary>Brings messages to people. Delivering a message again changes nothing.</summary>
internal sealed class Mailbox(NpgsqlDataSource database)
{
    /// <summary>The channel: messages are read in the mall's app.</summary>
    public const string App = "app";

    /// <summary>Tells one person.</summary>
    public async Task DeliverAsync(Message message, string personId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            INSERT INTO message (person_id, id, order_id, subject, text, channel, at)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
            """);
        Add(command, personId, message);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Tells everybody with an interest in a kind of offers, in one statement however many they are.</summary>
    public async Task DeliverToInterestedAsync(Message message, string kind, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            INSERT INTO message (person_id, id, order_id, subject, text, channel, at)
            SELECT person_id, $2, $3, $4, $5, $6, $7 FROM interest WHERE kinds @> ARRAY[$1] ON CONFLICT DO NOTHING
            """);
        Add(command, kind, message);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static void Add(NpgsqlCommand command, string whom, Message message)
    {
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = whom });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = message.Id });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)message.OrderId ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = message.Subject });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = message.Text });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = App });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = message.At.ToUniversalTime() });
    }
}

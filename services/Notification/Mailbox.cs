using Npgsql;
using NpgsqlTypes;

namespace OrderMall.Notification;

/// <summary>A message to one person.</summary>
/// <param name="IsToMerchant">Whether the person is told as the seller of an order.</param>
internal sealed record Letter(string PersonId, Message Message, bool IsToMerchant = false);

/// <summary>Brings messages to people over every channel there is. Delivering a message again changes nothing.</summary>
internal sealed class Mailbox(NpgsqlDataSource database, IEnumerable<IMessageChannel> channels)
{
    private readonly string _toPeople = Statement(
        channels, "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) AS letter (person_id, id, order_id, subject, text, at, to_merchant)");

    private readonly string _toInterested = Statement(
        channels, "SELECT person_id, $2 AS id, NULL::uuid AS order_id, $3 AS subject, $4 AS text, $5 AS at, false AS to_merchant FROM interest WHERE kinds @> ARRAY[$1]");

    /// <summary>Delivers the letters of one event.</summary>
    public Task DeliverAsync(IReadOnlyList<Letter> letters, CancellationToken cancellationToken) =>
        ExecuteAsync(
            _toPeople,
            [
                new NpgsqlParameter<string[]> { TypedValue = [.. letters.Select(letter => letter.PersonId)] },
                new NpgsqlParameter<Guid[]> { TypedValue = [.. letters.Select(letter => letter.Message.Id)] },
                new NpgsqlParameter<Guid?[]> { TypedValue = [.. letters.Select(letter => letter.Message.OrderId)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid },
                new NpgsqlParameter<string[]> { TypedValue = [.. letters.Select(letter => letter.Message.Subject)] },
                new NpgsqlParameter<string[]> { TypedValue = [.. letters.Select(letter => letter.Message.Text)] },
                new NpgsqlParameter<DateTimeOffset[]> { TypedValue = [.. letters.Select(letter => letter.Message.At.ToUniversalTime())] },
                new NpgsqlParameter<bool[]> { TypedValue = [.. letters.Select(letter => letter.IsToMerchant)] },
            ],
            cancellationToken);

    /// <summary>Tells everybody with an interest in a kind of offers, in one statement however many they are.</summary>
    public Task DeliverToInterestedAsync(Message message, string kind, CancellationToken cancellationToken) =>
        ExecuteAsync(
            _toInterested,
            [
                new NpgsqlParameter<string> { TypedValue = kind },
                new NpgsqlParameter<Guid> { TypedValue = message.Id },
                new NpgsqlParameter<string> { TypedValue = message.Subject },
                new NpgsqlParameter<string> { TypedValue = message.Text },
                new NpgsqlParameter<DateTimeOffset> { TypedValue = message.At.ToUniversalTime() },
            ],
            cancellationToken);

    private async Task ExecuteAsync(string statement, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(statement);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static string Statement(IEnumerable<IMessageChannel> channels, string letters) =>
        $"WITH letter AS ({letters}), {string.Join(", ", channels.Select((channel, i) => $"channel_{i} AS ({channel.TakeIn})"))} SELECT";
}

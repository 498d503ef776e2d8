using Npgsql;
using NpgsqlTypes;

namespace OrderMall.Notification;

/// <summary>A message to one person.</summary>
/// <param name="IsToMerchant">Whether the person is told as the seller of an order.</param>
/// <param name="Language">The language it is in: only who reads that is given it.</param>
internal sealed record Letter(string PersonId, Message Message, bool IsToMerchant = false, string Language = Texts.Default);

/// <summary>Brings messages to people over every channel there is. Delivering a message again changes nothing.</summary>
internal sealed class Mailbox(NpgsqlDataSource database, IEnumerable<IMessageChannel> channels, Listeners listeners, CommitSignal commits)
{
    // People that one statement tells, so that it is done well within its time limit.
    private const int AtOnce = 5000;

    private readonly string _toPeople = Statement(
        channels,
        $"""
         SELECT person_id, id, order_id, subject, text, at, to_merchant
         FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS said (person_id, id, order_id, subject, text, at, to_merchant, spoken)
         LEFT JOIN (SELECT person_id, language FROM reader WHERE language = ANY($8)) AS reader USING (person_id)
         WHERE spoken = coalesce(language, '{Texts.Default}')
         """);

    // What is taken in and how far it has come are one: whoever goes on tells nobody twice, and leaves nobody out.
    private readonly string _toInterested = Statement(
        channels,
        """
        SELECT person_id, id, NULL::uuid AS order_id, coalesce(texts -> language ->> 'subject', subject) AS subject, coalesce(texts -> language ->> 'text', text) AS text, at, false AS to_merchant
        FROM announced, few LEFT JOIN reader USING (person_id)
        """,
        before: $"""
            announced AS (SELECT * FROM announcement WHERE id = $1 AND NOT is_told FOR UPDATE),
            few AS (
                SELECT person_id FROM interest WHERE kinds @> ARRAY[(SELECT kind FROM announced)] AND person_id > (SELECT told_to FROM announced) ORDER BY person_id LIMIT {AtOnce}),
            told AS (UPDATE announcement SET told_to = (SELECT max(person_id) FROM few), due_at = $2 WHERE id = (SELECT id FROM announced) AND EXISTS (SELECT 1 FROM few)),
            """,
        after: "EXISTS (SELECT 1 FROM few)");

    /// <summary>Delivers letters, to each person those in their language.</summary>
    /// <param name="letters">In every language there is: <see cref="Texts.InEach"/>.</param>
    public async Task DeliverAsync(IReadOnlyList<Letter> letters, CancellationToken cancellationToken)
    {
        if (letters.Count == 0)
            return;
        await ExecuteAsync(
            _toPeople,
            [
                new NpgsqlParameter<string[]> { TypedValue = [.. letters.Select(letter => letter.PersonId)] },
                new NpgsqlParameter<Guid[]> { TypedValue = [.. letters.Select(letter => letter.Message.Id)] },
                new NpgsqlParameter<Guid?[]> { TypedValue = [.. letters.Select(letter => letter.Message.OrderId)], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid },
                new NpgsqlParameter<string[]> { TypedValue = [.. letters.Select(letter => letter.Message.Subject)] },
                new NpgsqlParameter<string[]> { TypedValue = [.. letters.Select(letter => letter.Message.Text)] },
                new NpgsqlParameter<DateTimeOffset[]> { TypedValue = [.. letters.Select(letter => letter.Message.At.ToUniversalTime())] },
                new NpgsqlParameter<bool[]> { TypedValue = [.. letters.Select(letter => letter.IsToMerchant)] },
                new NpgsqlParameter<string[]> { TypedValue = [.. letters.Select(letter => letter.Language)] },
            ],
            cancellationToken);
        commits.Raise();
        foreach (var personId in letters.Select(letter => letter.PersonId).Distinct())
            listeners.Wake(personId);
    }

    /// <summary>Tells the next people with an interest in an announcement's kind after those who were told.</summary>
    /// <param name="lease">Until when nobody else goes on with it.</param>
    /// <returns>Whether there were any.</returns>
    public async Task<bool> AnnounceAsync(Guid id, DateTimeOffset lease, CancellationToken cancellationToken) =>
        await ExecuteAsync(
            _toInterested, [new NpgsqlParameter<Guid> { TypedValue = id }, new NpgsqlParameter<DateTimeOffset> { TypedValue = lease }], cancellationToken) is true;

    private async Task<object?> ExecuteAsync(string statement, NpgsqlParameter[] parameters, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The statements are this class's own.
        await using var command = database.CreateCommand(statement);
#pragma warning restore CA2100
        command.Parameters.AddRange(parameters);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    private static string Statement(IEnumerable<IMessageChannel> channels, string letters, string before = "", string after = "") =>
        $"WITH {before} letter AS (SELECT *, row_number() OVER (PARTITION BY person_id ORDER BY order_id IS NULL) AS nth FROM ({letters}) AS each_letter), {string.Join(", ", channels.Select((channel, i) => $"channel_{i} AS ({channel.TakeIn})"))} SELECT {after}";
}

using System.Security.Cryptography;
using Npgsql;

namespace OrderMall.Notification;

/// <summary>Where a person can be written to.</summary>
internal sealed class Person
{
    public required string PersonId { get; init; }

    public required string Email { get; init; }

    public required string Name { get; init; }

    /// <summary>When it was said, by the code that was sent there, that its emails are wanted; <see langword="null"/> until then: nothing but the code is sent.</summary>
    public DateTimeOffset? ConfirmedAt { get; init; }

    /// <summary>The code that confirms it; the last one that was sent.</summary>
    public string? Code { get; init; }

    /// <summary>Until when that is good.</summary>
    public DateTimeOffset? CodeUntil { get; init; }

    /// <summary>How many were sent since <see cref="CodesSince"/>.</summary>
    public int Codes { get; init; }

    /// <summary>When the first of them was.</summary>
    public DateTimeOffset CodesSince { get; init; }

    /// <summary>How often it was tried.</summary>
    public int Guesses { get; init; }
}

/// <summary>
/// Keeps where people can be written to, and who has confirmed it: anybody can register anybody's address, so nothing is written to one but
/// a code until its reader has sent that back.
/// </summary>
internal sealed class AddressBook(NpgsqlDataSource database, IEnumerable<IMessageChannel> channels, Texts texts, TimeProvider time)
{
    private const int MostGuesses = 10;
    private const int CodesAnHour = 3;
    // Registering is open to everybody: nobody's mailbox, nor the mall's good name with other mail servers, is to suffer by it.
    private const int CodesAnHourInAll = 600;
    private static readonly TimeSpan CodeLife = TimeSpan.FromDays(1);

    /// <summary>Whether this mall sends emails.</summary>
    public bool SendsEmails { get; } = channels.OfType<EmailChannel>().Any();

    /// <summary>Keeps an account's address, and sends it a code where it is new. Keeping it again changes nothing.</summary>
    public async Task KeepAsync(AccountEvent account, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            INSERT INTO person AS known (person_id, email, name) VALUES ($1, $2, $3)
            ON CONFLICT (person_id) DO UPDATE SET email = excluded.email, name = excluded.name, confirmed_at = CASE WHEN known.email = excluded.email THEN known.confirmed_at END
            RETURNING confirmed_at IS NULL AND code IS NULL
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = account.AccountId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = account.Email });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = account.Name });
        var isNew = await command.ExecuteScalarAsync(cancellationToken) is true;
        await ReadsAsync(account, cancellationToken);
        if (isNew)
            await TrySendCodeAsync(account.AccountId, cancellationToken);
    }

    // The first of their languages that there is, until they choose.
    private async Task ReadsAsync(AccountEvent account, CancellationToken cancellationToken)
    {
        if (account.Languages?.FirstOrDefault(Texts.Languages.Contains) is not { } language || language == Texts.Default)
            return;
        await using var command = database.CreateCommand("INSERT INTO reader (person_id, language) VALUES ($1, $2) ON CONFLICT DO NOTHING");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = account.AccountId });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = language });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Sends a person a new code, which is good for a day; the one before is good no more.</summary>
    /// <returns>Whether it is on its way: not where there is nothing to confirm, or three were sent in the last hour, or too many to all.</returns>
    public async Task<bool> TrySendCodeAsync(string personId, CancellationToken cancellationToken)
    {
        if (!SendsEmails)
            return false;
        var code = RandomNumberGenerator.GetInt32(100_000_000).ToString("D8", System.Globalization.CultureInfo.InvariantCulture);
        // Nothing in it is of who registered.
        var said = Texts.Languages.Select(language => new Words(texts, language).Say("Code", new() { ["code"] = code })).ToList();
        // One statement: the code is known if and only if it is sent.
        await using var command = database.CreateCommand(
            $"""
            WITH asked AS (
                UPDATE person SET
                    code = $2, code_until = $3, guesses = 0,
                    codes = CASE WHEN codes_since > $5 THEN codes + 1 ELSE 1 END,
                    codes_since = CASE WHEN codes_since > $5 THEN codes_since ELSE $8 END
                WHERE person_id = $1 AND confirmed_at IS NULL AND (codes < $6 OR codes_since <= $5)
                  AND (SELECT count(*) FROM email WHERE is_code AND queued_at > $5) < $9
                RETURNING person_id)
            INSERT INTO email (id, person_id, subject, text, status, attempts, due_at, queued_at, is_code)
            SELECT gen_random_uuid(), person_id, subject, text, 'Queued', 0, $8, $8, true
            FROM asked LEFT JOIN reader USING (person_id) JOIN unnest($4, $7, $10) AS said (subject, text, spoken) ON spoken = coalesce(language, '{Texts.Default}')
            """);
        var now = time.Now();
        object[] values =
        [
            personId, code, now + CodeLife, said.Select(one => one.Subject).ToArray(), now.AddHours(-1), CodesAnHour, said.Select(one => one.Text).ToArray(), now, CodesAnHourInAll,
            Texts.Languages.ToArray(),
        ];
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>Confirms a person's address by its code. Ten wrong ones end it.</summary>
    /// <returns>Whether it is confirmed.</returns>
    public async Task<bool> ConfirmAsync(string personId, string code, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(
            """
            UPDATE person SET
                guesses = guesses + 1,
                confirmed_at = CASE WHEN confirmed_at IS NULL AND code = $2 AND code_until > $3 AND guesses < $4 THEN $3 ELSE confirmed_at END
            WHERE person_id = $1 RETURNING confirmed_at IS NOT NULL
            """);
        foreach (var value in new object[] { personId, code, time.Now(), MostGuesses })
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}

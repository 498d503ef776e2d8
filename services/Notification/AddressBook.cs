using System.Security.Cryptography;

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
internal sealed class AddressBook(NotificationDb db, IEnumerable<IMessageChannel> channels, Texts texts, CommitSignal commits, TimeProvider time)
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
        var isNew = await db.RowsAsync(
            $"""
             INSERT INTO person AS known (person_id, email, name) VALUES ({account.AccountId}, {account.Email}, {account.Name})
             ON CONFLICT (person_id) DO UPDATE SET email = excluded.email, name = excluded.name, confirmed_at = CASE WHEN known.email = excluded.email THEN known.confirmed_at END
             RETURNING confirmed_at IS NULL AND code IS NULL
             """,
            row => row.GetBoolean(0),
            cancellationToken) is [true];
        // The first of their languages that there is, until they choose.
        if (account.Languages?.FirstOrDefault(Texts.Languages.Contains) is { } language && language != Texts.Default)
            await db.Database.ExecuteSqlAsync($"INSERT INTO reader (person_id, language) VALUES ({account.AccountId}, {language}) ON CONFLICT DO NOTHING", cancellationToken);
        if (isNew)
            await TrySendCodeAsync(account.AccountId, cancellationToken);
    }

    /// <summary>Sends a person a new code, which is good for a day; the one before is good no more.</summary>
    /// <returns>Whether it is on its way: not where there is nothing to confirm, or three were sent in the last hour, or too many to all.</returns>
    public async Task<bool> TrySendCodeAsync(string personId, CancellationToken cancellationToken)
    {
        if (!SendsEmails)
            return false;
        var code = RandomNumberGenerator.GetInt32(100_000_000).ToString("D8", System.Globalization.CultureInfo.InvariantCulture);
        // Nothing in it is of who registered.
        var said = Texts.Languages.Select(language => new Words(texts, language).Say("Code", name => name == "code" ? code : null)).ToList();
        var now = time.Now();
        var anHourAgo = now.AddHours(-1);
        // One statement: the code is known if and only if it is sent.
        var isSent = await db.Database.ExecuteSqlAsync(
            $"""
             WITH asked AS (
                 UPDATE person SET
                     code = {code}, code_until = {now + CodeLife}, guesses = 0,
                     codes = CASE WHEN codes_since > {anHourAgo} THEN codes + 1 ELSE 1 END,
                     codes_since = CASE WHEN codes_since > {anHourAgo} THEN codes_since ELSE {now} END
                 WHERE person_id = {personId} AND confirmed_at IS NULL AND (codes < {CodesAnHour} OR codes_since <= {anHourAgo})
                   AND (SELECT count(*) FROM email WHERE is_code AND queued_at > {anHourAgo}) < {CodesAnHourInAll}
                 RETURNING person_id)
             INSERT INTO email (id, person_id, subject, text, status, attempts, due_at, queued_at, is_code)
             SELECT gen_random_uuid(), person_id, subject, text, 'Queued', 0, {now}, {now}, true
             FROM asked LEFT JOIN reader USING (person_id)
             JOIN unnest({said.Select(one => one.Subject).ToArray()}, {said.Select(one => one.Text).ToArray()}, {Texts.Languages.ToArray()}) AS said (subject, text, spoken)
               ON spoken = coalesce(language, {Texts.Default})
             """,
            cancellationToken) == 1;
        commits.Raise();
        return isSent;
    }

    /// <summary>Confirms a person's address by its code, and says whether it is confirmed. Ten wrong ones end it.</summary>
    public async Task<bool> ConfirmAsync(string personId, string code, CancellationToken cancellationToken)
    {
        var now = time.Now();
        return await db.RowsAsync(
            $"""
             UPDATE person SET
                 guesses = guesses + 1,
                 confirmed_at = CASE WHEN confirmed_at IS NULL AND code = {code} AND code_until > {now} AND guesses < {MostGuesses} THEN {now} ELSE confirmed_at END
             WHERE person_id = {personId} RETURNING confirmed_at IS NOT NULL
             """,
            row => row.GetBoolean(0),
            cancellationToken) is [true];
    }
}

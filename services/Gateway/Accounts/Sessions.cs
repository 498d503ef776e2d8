using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace OrderMall.Gateway;

/// <summary>Where a person is signed in: a family of refresh tokens, each given for the one before it.</summary>
internal sealed class Session
{
    public required Guid Id { get; init; }

    public required string AccountId { get; init; }

    /// <summary>Of the only refresh token that is good.</summary>
    public required Guid TokenId { get; set; }

    /// <summary>When that one is good no more.</summary>
    public required DateTimeOffset ExpiresAt { get; set; }
}

/// <summary>
/// Keeps people signed in. A refresh token works once; one that comes again was stolen, or its thief was faster: the whole session ends. So does
/// it when the person signs out, or changes the password. An account has at most <see cref="Most"/>; those that were refreshed longest ago go first.
/// </summary>
internal sealed partial class Sessions(GatewayDb db, IOptionsMonitor<BearerTokenOptions> options, TimeProvider time, ILogger<Sessions> logger)
{
    /// <summary>How many sessions one account has at most.</summary>
    public const int Most = 50;

    private const string SessionClaim = "session";
    private const string TokenClaim = "token";

    private BearerTokenOptions Tokens => options.Get(IdentityConstants.BearerScheme);

    /// <summary>Begins one; the person's tokens will say so.</summary>
    public async Task BeginAsync(ClaimsPrincipal person, string accountId, CancellationToken cancellationToken)
    {
        var session = new Session { Id = Guid.CreateVersion7(), AccountId = accountId, TokenId = Guid.NewGuid(), ExpiresAt = Expires() };
        db.Add(session);
        await db.SaveChangesAsync(cancellationToken);
        // Skips what another sign-in is removing: two that wait for each other's rows would both fail.
        await db.Database.ExecuteSqlAsync(
            $"""
             DELETE FROM session WHERE id IN (
                 SELECT id FROM session WHERE account_id = {accountId} ORDER BY expires_at DESC OFFSET {Most} FOR UPDATE SKIP LOCKED)
             """,
            cancellationToken);
        Name(person, session.Id, session.TokenId);
    }

    /// <summary>The session that a refresh token belongs to, and its person as the token says; the token works no more.</summary>
    /// <returns><see langword="null"/> where the token is not good.</returns>
    public async Task<Refreshed?> UseAsync(string refreshToken, CancellationToken cancellationToken)
    {
        if (Tokens.RefreshTokenProtector.Unprotect(refreshToken) is not { } ticket
            || ticket.Properties.ExpiresUtc is not { } expires || expires <= time.GetUtcNow()
            || Id(ticket.Principal, SessionClaim) is not { } session || Id(ticket.Principal, TokenClaim) is not { } token)
        {
            return null;
        }

        var next = Guid.NewGuid();
        var (until, now) = (Expires(), time.GetUtcNow());
        // One statement: of two who come with the same token one is first.
        if (await db.Sessions.Where(known => known.Id == session && known.TokenId == token && known.ExpiresAt > now)
            .ExecuteUpdateAsync(known => known.SetProperty(s => s.TokenId, next).SetProperty(s => s.ExpiresAt, until), cancellationToken) == 1)
        {
            return new Refreshed(session, next, ticket.Principal);
        }

        if (await EndAsync(session, cancellationToken))
            LogReused(session);
        return null;
    }

    /// <summary>Says in a person's new tokens which session they belong to.</summary>
    public static void Continue(ClaimsPrincipal person, Refreshed refreshed) => Name(person, refreshed.SessionId, refreshed.TokenId);

    /// <summary>Ends the session of a token.</summary>
    public Task EndAsync(ClaimsPrincipal person, CancellationToken cancellationToken) =>
        Id(person, SessionClaim) is { } session ? EndAsync(session, cancellationToken) : Task.CompletedTask;

    /// <summary>Ends every session of some accounts.</summary>
    /// <returns>How many there were.</returns>
    public Task<int> EndAllAsync(IEnumerable<string> accountIds, CancellationToken cancellationToken) =>
        db.Sessions.Where(session => accountIds.Contains(session.AccountId)).ExecuteDeleteAsync(cancellationToken);

    private async Task<bool> EndAsync(Guid session, CancellationToken cancellationToken) =>
        await db.Sessions.Where(known => known.Id == session).ExecuteDeleteAsync(cancellationToken) == 1;

    private DateTimeOffset Expires() => time.GetUtcNow() + Tokens.RefreshTokenExpiration;

    private static void Name(ClaimsPrincipal person, Guid session, Guid token) =>
        ((ClaimsIdentity)person.Identity!).AddClaims([new Claim(SessionClaim, session.ToString()), new Claim(TokenClaim, token.ToString())]);

    private static Guid? Id(ClaimsPrincipal person, string claim) => Guid.TryParse(person.FindFirstValue(claim), out var id) ? id : null;

    [LoggerMessage(LogLevel.Warning, "A refresh token of session {Session} was used again: the session has ended")]
    private partial void LogReused(Guid session);

    /// <summary>A session with the id of its next refresh token.</summary>
    /// <param name="Person">As the used token says.</param>
    internal sealed record Refreshed(Guid SessionId, Guid TokenId, ClaimsPrincipal Person);
}

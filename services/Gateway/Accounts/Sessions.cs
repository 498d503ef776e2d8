using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace OrderMall.Gateway.Accounts;

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
             DELETE FROM session WHERE id = ANY (ARRAY(
                 SELECT id FROM session WHERE account_id = {accountId} ORDER BY expires_at DESC OFFSET {Most} FOR UPDATE SKIP LOCKED))
             """,
            cancellationToken);
        Name(person, session.Id, session.TokenId);
    }

    /// <summary>What a refresh token says, where it is the mall's and its time is not over. Whether it was used before <see cref="UseAsync"/> finds out.</summary>
    public Shown? Read(string refreshToken) =>
        Tokens.RefreshTokenProtector.Unprotect(refreshToken) is { } ticket
        && ticket.Properties.ExpiresUtc is { } expires && expires > time.GetUtcNow()
        && Id(ticket.Principal, SessionClaim) is { } session && Id(ticket.Principal, TokenClaim) is { } token
            ? new Shown(session, token, ticket.Principal)
            : null;

    /// <summary>Uses a refresh token up; the person's new tokens will say which session they belong to.</summary>
    /// <returns><see langword="false"/> where it was used before: the session has ended then.</returns>
    public async Task<bool> UseAsync(Shown shown, ClaimsPrincipal person, CancellationToken cancellationToken)
    {
        var next = Guid.NewGuid();
        var (until, now) = (Expires(), time.GetUtcNow());
        // One statement: of two who come with the same token one is first.
        if (await db.Sessions.Where(known => known.Id == shown.SessionId && known.TokenId == shown.TokenId && known.ExpiresAt > now)
            .ExecuteUpdateAsync(known => known.SetProperty(s => s.TokenId, next).SetProperty(s => s.ExpiresAt, until), cancellationToken) == 1)
        {
            Name(person, shown.SessionId, next);
            return true;
        }

        if (await EndAsync(shown.SessionId, cancellationToken))
            LogReused(shown.SessionId);
        return false;
    }

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

    /// <summary>What a refresh token says.</summary>
    /// <param name="TokenId">Its own id, of which a session knows the last one.</param>
    internal sealed record Shown(Guid SessionId, Guid TokenId, ClaimsPrincipal Person);
}

using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.DataProtection;
using OrderMall.Web.Api;

namespace OrderMall.Web.Session;

/// <summary>What a refresh gave, for the other requests that come with the same used token.</summary>
/// <param name="Until">Until when whoever began it is waited for (UTC).</param>
/// <param name="Tokens">Encrypted; <see langword="null"/> while it is under way.</param>
/// <param name="Refused">Whether the session is over.</param>
internal sealed record Handover(DateTimeOffset Until, string? Tokens, bool Refused);

/// <summary>What became of a refresh.</summary>
/// <param name="Tokens"><see langword="null"/> where there are none.</param>
/// <param name="IsOver">Whether the session is over, and not only out of reach.</param>
internal sealed record Refreshed(Tokens? Tokens, bool IsOver);

/// <summary>
/// Refreshes tokens. A refresh token works once and a second use ends the session, but a browser sends many requests with the same cookie: the first
/// refreshes and the others are given what it got, in this replica from memory and in others from the state store.
/// </summary>
internal sealed partial class Refreshes(IServiceScopeFactory scopes, StateStore store, IDataProtectionProvider protection, TimeProvider time, ILogger<Refreshes> logger)
{
    // A refresh and its answer take no longer, see MallApi.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);
    // A browser that lost the answer still comes with the cookie of before.
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);
    private const int MostKept = 10_000;

    private readonly IDataProtector _protector = protection.CreateProtector("refreshes");
    private readonly ConcurrentDictionary<string, (DateTimeOffset Since, Lazy<Task<Refreshed>> Refresh)> _recent = [];

    /// <summary>New tokens for a refresh token, however many ask at once.</summary>
    public async Task<Refreshed> OnceAsync(string refreshToken)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(refreshToken)));
        Forget();
        var refresh = _recent.GetOrAdd(key, _ => (time.GetUtcNow(), new(() => AcrossReplicasAsync(key, refreshToken)))).Refresh;
        var refreshed = await refresh.Value;
        // Out of reach: the next request tries again, with a token that may not have been used.
        if (refreshed is { Tokens: null, IsOver: false })
            _recent.TryRemove(key, out _);
        return refreshed;
    }

    private async Task<Refreshed> AcrossReplicasAsync(string key, string refreshToken)
    {
        key = $"refresh-{key}";
        try
        {
            var mine = new Handover(time.GetUtcNow() + Patience, null, false);
            if (await store.TrySaveAsync(key, mine, etag: null, SessionJson.Default.Handover, CancellationToken.None, KeptFor))
                return await HandOverAsync(key, await AskAsync(refreshToken));
            while (true)
            {
                var (theirs, etag) = await store.GetAsync(key, SessionJson.Default.Handover, CancellationToken.None);
                if (theirs is { Tokens: { } tokens })
                    return new Refreshed(JsonSerializer.Deserialize(_protector.Unprotect(tokens), WebJson.Default.Tokens), false);
                if (theirs is null or { Refused: true })
                    return new Refreshed(null, IsOver: true);
                // Whoever began it is gone, or did not reach the gateway.
                if (theirs.Until <= time.GetUtcNow() && await store.TrySaveAsync(key, mine with { Until = time.GetUtcNow() + Patience }, etag, SessionJson.Default.Handover, CancellationToken.None, KeptFor))
                    return await HandOverAsync(key, await AskAsync(refreshToken));
                await Task.Delay(LookInterval, time);
            }
        }
        catch (SidecarException unreachable)
        {
            // Without the store one replica is as good as ever.
            LogAlone(unreachable.Message);
            return await AskAsync(refreshToken);
        }
    }

    private async Task<Refreshed> HandOverAsync(string key, Refreshed refreshed)
    {
        var (mine, etag) = await store.GetAsync(key, SessionJson.Default.Handover, CancellationToken.None);
        var over = refreshed.Tokens is { } tokens
            ? new Handover(time.GetUtcNow(), _protector.Protect(JsonSerializer.Serialize(tokens, WebJson.Default.Tokens)), false)
            : new Handover(time.GetUtcNow(), null, refreshed.IsOver);
        if (mine is not null)
            await store.TrySaveAsync(key, over, etag, SessionJson.Default.Handover, CancellationToken.None, KeptFor);
        return refreshed;
    }

    private async Task<Refreshed> AskAsync(string refreshToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var answer = await scope.ServiceProvider.GetRequiredService<MallApi>().RefreshAsync(refreshToken);
        return new Refreshed(answer.Value, answer.Status == StatusCodes.Status401Unauthorized);
    }

    private void Forget()
    {
        if (_recent.Count < MostKept / 10)
            return;
        var oldest = time.GetUtcNow() - KeptFor;
        foreach (var (key, (since, _)) in _recent)
        {
            if (since < oldest || _recent.Count > MostKept)
                _recent.TryRemove(key, out _);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Tokens are refreshed without the state store: {Reason}")]
    private partial void LogAlone(string reason);
}

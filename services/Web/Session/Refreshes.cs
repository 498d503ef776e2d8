using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OrderMall.Web.Api;

namespace OrderMall.Web.Session;

/// <summary>What a refresh gave, for the other requests that come with the same used token.</summary>
/// <param name="Until">Until when whoever began it is waited for, and when it has ended since when (UTC).</param>
/// <param name="Tokens">Encrypted by what was used up, which the store does not have; <see langword="null"/> while it is under way.</param>
internal sealed record Handover(DateTimeOffset Until, string? Tokens, bool Refused);

/// <summary>What became of a refresh.</summary>
/// <param name="Tokens"><see langword="null"/> where there are none.</param>
/// <param name="IsOver">Whether the session is over, and not only out of reach.</param>
internal sealed record Refreshed(Tokens? Tokens, bool IsOver, DateTimeOffset At = default);

/// <summary>
/// Refreshes tokens. A refresh token works once and a second use ends the session, but a browser sends many requests with the same cookie: the first
/// refreshes and the others are given what it got, in this replica from memory and in others from the state store.
/// </summary>
internal sealed partial class Refreshes(IServiceScopeFactory scopes, StateStore store, TimeProvider time, ILogger<Refreshes> logger)
{
    // A refresh and its answer take no longer, see MallClient.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);
    // A browser that lost the answer still comes with the cookie of before.
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(10);
    private const int MostKept = 10_000;
    // Of AES-GCM, in bytes.
    private const int Nonce = 12, Tag = 16;

    private readonly ConcurrentDictionary<string, (DateTimeOffset Since, Lazy<Task<Refreshed>> Refresh)> _recent = [];

    /// <summary>New tokens for a refresh token, however many ask at once.</summary>
    public async Task<Refreshed> OnceAsync(string refreshToken)
    {
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(refreshToken)));
        Forget(key);
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
        var mine = new Handover(time.GetUtcNow() + Patience, null, false);
        try
        {
            if (!await store.TrySaveAsync(key, mine, etag: null, SessionJson.Default.Handover, CancellationToken.None, KeptFor))
                return await WaitAsync(key, refreshToken);
        }
        catch (SidecarException unreachable)
        {
            // Without the store one replica is as good as ever.
            LogAlone(unreachable.Message);
            return await AskAsync(refreshToken);
        }

        return await HandOverAsync(key, refreshToken, await AskAsync(refreshToken));
    }

    // Another began it: asking with the same token now would end the session.
    private async Task<Refreshed> WaitAsync(string key, string refreshToken)
    {
        while (true)
        {
            try
            {
                var (theirs, etag) = await store.GetAsync(key, SessionJson.Default.Handover, CancellationToken.None);
                if (theirs is { Tokens: { } tokens })
                    return new Refreshed(JsonSerializer.Deserialize(Open(refreshToken, tokens), WebJson.Default.Tokens), false, theirs.Until);
                if (theirs is null or { Refused: true })
                    return new Refreshed(null, IsOver: true);
                // Whoever began it is gone, or did not reach the gateway.
                if (theirs.Until <= time.GetUtcNow()
                    && await store.TrySaveAsync(key, theirs with { Until = time.GetUtcNow() + Patience }, etag, SessionJson.Default.Handover, CancellationToken.None, KeptFor))
                {
                    break;
                }
            }
            catch (SidecarException unreachable)
            {
                LogUnknown(unreachable.Message);
                return new Refreshed(null, IsOver: false);
            }

            await Task.Delay(LookInterval, time);
        }

        return await HandOverAsync(key, refreshToken, await AskAsync(refreshToken));
    }

    // Whoever has the tokens keeps them, whether the others are told or not.
    private async Task<Refreshed> HandOverAsync(string key, string refreshToken, Refreshed refreshed)
    {
        try
        {
            var (mine, etag) = await store.GetAsync(key, SessionJson.Default.Handover, CancellationToken.None);
            var sealedTokens = refreshed.Tokens is { } tokens ? Seal(refreshToken, JsonSerializer.SerializeToUtf8Bytes(tokens, WebJson.Default.Tokens)) : null;
            if (mine is not null)
                await store.TrySaveAsync(key, new Handover(time.GetUtcNow(), sealedTokens, refreshed.IsOver), etag, SessionJson.Default.Handover, CancellationToken.None, KeptFor);
        }
        catch (SidecarException unreachable)
        {
            LogUnknown(unreachable.Message);
        }

        return refreshed;
    }

    private async Task<Refreshed> AskAsync(string refreshToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var answer = await scope.ServiceProvider.GetRequiredService<MallClient>().RefreshAsync(refreshToken);
        return new Refreshed(answer.Value, answer.Status == StatusCodes.Status401Unauthorized, time.GetUtcNow());
    }

    private void Forget(string key)
    {
        var oldest = time.GetUtcNow() - KeptFor;
        // Used again so late it is used twice.
        if (_recent.TryGetValue(key, out var known) && known.Since < oldest)
            _recent.TryRemove(KeyValuePair.Create(key, known));
        if (_recent.Count < MostKept / 10)
            return;
        foreach (var (other, (since, _)) in _recent)
        {
            if (since < oldest || _recent.Count > MostKept)
                _recent.TryRemove(other, out _);
        }
    }

    private static string Seal(string refreshToken, byte[] text)
    {
        var message = new byte[Nonce + Tag + text.Length];
        RandomNumberGenerator.Fill(message.AsSpan(0, Nonce));
        using var cipher = CipherOf(refreshToken);
        cipher.Encrypt(message.AsSpan(0, Nonce), text, message.AsSpan(Nonce + Tag), message.AsSpan(Nonce, Tag));
        return Convert.ToBase64String(message);
    }

    private static byte[] Open(string refreshToken, string handedOver)
    {
        var message = Convert.FromBase64String(handedOver);
        var text = new byte[message.Length - Nonce - Tag];
        using var cipher = CipherOf(refreshToken);
        cipher.Decrypt(message.AsSpan(0, Nonce), message.AsSpan(Nonce + Tag), message.AsSpan(Nonce, Tag), text);
        return text;
    }

    private static AesGcm CipherOf(string refreshToken) =>
        new(HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(refreshToken), outputLength: 32, info: "refresh"u8.ToArray()), Tag);

    [LoggerMessage(LogLevel.Warning, "Tokens are refreshed without the state store: {Reason}")]
    private partial void LogAlone(string reason);

    [LoggerMessage(LogLevel.Warning, "What became of a refresh cannot be handed from one replica to another: {Reason}")]
    private partial void LogUnknown(string reason);
}

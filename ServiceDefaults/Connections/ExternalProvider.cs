namespace OrderMall.ServiceDefaults.Connections;

/// <summary>A provider that is not part of the mall: asked over HTTP at its own address, with the key that it knows the mall by.</summary>
public static class ExternalProvider
{
    // In bytes. A provider answers in a few words.
    private const int LongestAnswer = 64 * 1024;

    /// <summary>Reads where it is and the key.</summary>
    /// <param name="who">The service that asks it, for the message.</param>
    /// <returns>The address, with a slash at its end.</returns>
    /// <exception cref="InvalidOperationException">One of them is not possible; the message names the setting, and never says a value.</exception>
    public static (Uri Address, string Key) Read(IConfiguration configuration, string who, string addressKey, string keyKey, string example)
    {
        var (given, key) = (configuration[addressKey] ?? "", configuration[keyKey]);
        // The key is in every request: past this machine it goes encrypted.
        if (!Uri.TryCreate(given.TrimEnd('/') + '/', UriKind.Absolute, out var address) || !(address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback))
            || address is not { Query: "", Fragment: "", UserInfo: "" })
        {
            throw new InvalidOperationException($"{who}: {addressKey} must be an https address without user, query and fragment (http on this machine alone), such as {example}.");
        }

        if (string.IsNullOrEmpty(key) || !key.All(letter => letter is > ' ' and < '\x7f'))
            throw new InvalidOperationException($"{who}: {keyKey} is not set, or has other letters than a header may have. Give the key that the provider knows the mall by.");
        return (address, key);
    }

    /// <summary>A client of it, which goes nowhere else.</summary>
    public static HttpClient Client(Uri address, string key, TimeSpan timeLimit) => new(new SocketsHttpHandler
    {
        ConnectTimeout = TimeSpan.FromSeconds(2),
        // Names may come to stand for other addresses.
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        UseCookies = false,
        AllowAutoRedirect = false,
    })
    {
        BaseAddress = address,
        Timeout = timeLimit,
        MaxResponseContentBufferSize = LongestAnswer,
        DefaultRequestHeaders = { Authorization = new("Bearer", key) },
    };
}

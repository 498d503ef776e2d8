namespace OrderMall.Mall;

/// <summary>How an embedded mall is opened.</summary>
public sealed record MallOptions
{
    /// <summary>The public port on 127.0.0.1; 0 takes a free one.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>The port of the screens on 127.0.0.1; 0 takes a free one. By default the one after <see cref="Port"/>, or a free one as well.</summary>
    public int? WebPort { get; init; }

    /// <summary>Everything the mall keeps between runs is in this folder.</summary>
    public string DataDirectory { get; init; } = ".data";

    /// <summary>An Npgsql connection string of an existing server whose user may create databases; without it a private server is run.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>The folder with the Dapr components; by default <c>components/</c> of the checkout.</summary>
    public string? ComponentsPath { get; init; }

    /// <summary>Whether there are demo accounts and offers, and the payment provider's stand-in. Without them <see cref="Settings"/> name a payment provider.</summary>
    public bool Demo { get; init; } = true;

    /// <summary>Configuration of every service besides, by key.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}

using OrderMall.Mall.Hosting;

namespace OrderMall.Mall;

/// <summary>How an embedded mall is opened.</summary>
public sealed record MallOptions
{
    /// <summary>The public port on 127.0.0.1; 0 takes a free one.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Everything the mall keeps between runs is in this folder.</summary>
    public string DataDirectory { get; init; } = ".data";

    /// <summary>Whether every service is a process of its own, so that one can be killed.</summary>
    public bool Isolated { get; init; }

    /// <summary>An Npgsql connection string of an existing server whose user may create databases; without it a private server is run.</summary>
    public string? ConnectionString { get; init; }

    /// <summary>The folder with the Dapr components; by default <c>components/</c> of the checkout.</summary>
    public string? ComponentsPath { get; init; }

    /// <summary>Services to leave out, by app id: of those that the mall can do without.</summary>
    public IReadOnlyCollection<string> Without { get; init; } = [];

    /// <summary>How many instances of every service; 1 to 8. Of the gateway there is one where it is not a process of its own.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Instances of single services, by app id; of all others there are <see cref="Replicas"/>. 1 to 8 each.</summary>
    public IReadOnlyDictionary<string, int> ReplicasOf { get; init; } = new Dictionary<string, int>();

    /// <summary>How many instances of a service there are to be.</summary>
    public int InstancesOf(string appId) => ReplicasOf.GetValueOrDefault(appId, Replicas);

    /// <summary>What stands on the ways between the processes; nothing if left out.</summary>
    internal ILinks? Links { get; init; }
}

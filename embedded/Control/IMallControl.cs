namespace OrderMall.Control;

/// <summary>What operators can do to the services of a mall on one machine: the AppHost's, or the mall in one process.</summary>
public interface IMallControl
{
    /// <summary>What every service is doing.</summary>
    Task<IReadOnlyList<ServiceState>> ServicesAsync(CancellationToken cancellationToken);

    /// <summary>Whether there is a service of that app id.</summary>
    bool Has(string appId);

    /// <summary>Stops a service gracefully; the others stay. Returns when it is stopped, at once where it is already.</summary>
    Task StopServiceAsync(string appId);

    /// <summary>Starts a service again. Returns when others reach it, at once where it runs already.</summary>
    /// <exception cref="MallException">It could not start.</exception>
    Task StartServiceAsync(string appId, CancellationToken cancellationToken);

    /// <summary>
    /// Restarts the running instances of a service one after the other, each when the one before has work again: with two or more
    /// nothing is refused meanwhile. What is stopped stays so.
    /// </summary>
    /// <param name="cancellationToken">Ends it after the instance that is being restarted.</param>
    /// <exception cref="MallException">One did not start again, or got no work; those after it are untouched. Or it is being restarted already, or was stopped meanwhile.</exception>
    Task RestartServiceAsync(string appId, CancellationToken cancellationToken);
}

/// <summary>The mall cannot be opened or a service of it not be started; the message says why and what to do.</summary>
public sealed class MallException(string message, Exception? inner = null) : Exception(message, inner);

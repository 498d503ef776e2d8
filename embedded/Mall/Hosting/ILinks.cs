namespace OrderMall.Mall.Hosting;

/// <summary>
/// What stands on the ways between the mall's processes, for trying what happens when one is slow or breaks. Asked once for each
/// way when the mall opens; who answers may put a relay of its own there, or leave the way as it is.
/// </summary>
internal interface ILinks
{
    /// <summary>Where the sidecar calls an instance.</summary>
    /// <param name="instance">Its instance, counted from 0.</param>
    /// <param name="address">Where the instance listens.</param>
    Uri ToInstance(string appId, int instance, Uri address);

    /// <summary>Where an instance finds its sidecar, as ports on 127.0.0.1.</summary>
    /// <param name="instance">Its instance, counted from 0.</param>
    /// <param name="ports">Where the sidecar listens.</param>
    SidecarPorts ToSidecar(string appId, int instance, SidecarPorts ports);

    /// <summary>The connection string that an app uses.</summary>
    /// <param name="appId">The app, or <c>sidecar</c>.</param>
    /// <param name="connectionString">One that leads to its database; the server's port on 127.0.0.1 is in it.</param>
    string ToDatabase(string appId, string connectionString);
}

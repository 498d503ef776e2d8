namespace OrderMall.Sidecar.Configuration;

/// <summary>A resource file says something that cannot be followed. The message begins with <c>file:line</c> and says what to write instead.</summary>
public sealed class SidecarConfigurationException : Exception
{
    /// <summary>A mistake at a place in a file.</summary>
    /// <param name="position">The place, as <c>file:line</c>.</param>
    public SidecarConfigurationException(string position, string problem) : base($"{position}: {problem}")
    {
    }
}

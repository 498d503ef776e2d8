namespace OrderMall.ServiceDefaults.Alarms;

/// <summary>Something that pages an operator, as a service measures it. Every service that subscribes, and the gateway: <c>GET /alarms</c>.</summary>
/// <param name="Name">The name of the metric that says the same.</param>
/// <param name="Value">What was measured; <see langword="null"/> where that was not possible.</param>
/// <param name="Limit">It is raised when the value is more than this, or was not to be had.</param>
/// <param name="Unit">What is counted, by UCUM.</param>
public sealed record MeasuredAlarm(string Name, double? Value, double Limit, string Unit, string Meaning)
{
    /// <summary>Whether somebody should look.</summary>
    public bool IsRaised => Value is not { } value || value > Limit;
}

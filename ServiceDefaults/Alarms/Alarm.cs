namespace OrderMall.ServiceDefaults.Alarms;

/// <summary>Something that pages an operator.</summary>
/// <param name="Name">The metric's, by OpenTelemetry's conventions.</param>
/// <param name="Unit">What is counted, by UCUM.</param>
/// <param name="Limit">It is raised above this.</param>
public sealed record Alarm(string Name, string Unit, double Limit, string Meaning);

/// <summary>An alarm, and how its value is found: by one statement that an index answers, or one key.</summary>
internal sealed record Measured(Alarm Alarm, Func<IServiceProvider, CancellationToken, Task<double>> MeasureAsync);

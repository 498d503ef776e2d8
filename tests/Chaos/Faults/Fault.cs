using System.Globalization;
using OrderMall.Chaos.Relays;

namespace OrderMall.Chaos.Faults;

/// <summary>What goes wrong.</summary>
internal enum FaultKind
{
    KillInstance,
    KillService,
    KillSidecar,
    KillProvider,
    KillGateway,
    KillPostgres,
    Restart,
    StopInstance,
    StopSidecar,
    StopBackend,
    StopPostmaster,
    ProviderSlow,
    ProviderDown,
    ProviderDeclines,
    SlowLink,
    DroppedConnections,
    RefusedConnections,
    LostAnswers,
    DuplicatedEvents,
    ReorderedEvents,
}

/// <summary>One thing that goes wrong.</summary>
/// <param name="After">From the beginning of its episode.</param>
/// <param name="Lasts">How long; nothing for what is over when it is done.</param>
/// <param name="Seed">Decides what is left to decide when it happens.</param>
internal sealed record Fault(FaultKind Kind, TimeSpan After, TimeSpan Lasts, string? AppId = null, int Instance = 0, NetworkLink? Link = null, TimeSpan Delay = default, int Seed = 0)
{
    /// <summary>Its kind, for people.</summary>
    public string Name => NameOf(Kind);

    public static string NameOf(FaultKind kind) => kind switch
    {
        FaultKind.KillInstance => "kill -9 of an instance",
        FaultKind.KillService => "kill -9 of all instances of a service",
        FaultKind.KillSidecar => "kill -9 of the sidecar",
        FaultKind.KillProvider => "kill -9 of the payment provider",
        FaultKind.KillGateway => "kill -9 of the gateway",
        FaultKind.KillPostgres => "immediate shutdown of PostgreSQL",
        FaultKind.Restart => "rolling restart",
        FaultKind.StopInstance => "SIGSTOP of an instance",
        FaultKind.StopSidecar => "SIGSTOP of the sidecar",
        FaultKind.StopBackend => "SIGSTOP of a PostgreSQL session",
        FaultKind.StopPostmaster => "SIGSTOP of the postmaster",
        FaultKind.ProviderSlow => "payment provider slow",
        FaultKind.ProviderDown => "payment provider down",
        FaultKind.ProviderDeclines => "payment provider declines",
        FaultKind.SlowLink => "slow link",
        FaultKind.DroppedConnections => "dropped connections",
        FaultKind.RefusedConnections => "refused connections",
        FaultKind.LostAnswers => "lost answers",
        FaultKind.DuplicatedEvents => "duplicated events",
        _ => "reordered events",
    };

    /// <summary>Whom it concerns and how, for people.</summary>
    public override string ToString() => string.Join(", ", new[]
    {
        Name,
        Link?.ToString() ?? (Kind is FaultKind.KillInstance or FaultKind.StopInstance ? $"{AppId}-{Instance + 1}" : AppId),
        Lasts > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $"{Lasts.TotalSeconds:0.0} s") : null,
        Delay > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $"delay {Delay.TotalMilliseconds:0} ms") : null,
    }.OfType<string>());
}

/// <summary>Faults that overlap, or one alone.</summary>
/// <param name="Pause">The quiet before it, when the mall has recovered from the one before.</param>
internal sealed record Episode(TimeSpan Pause, IReadOnlyList<Fault> Faults)
{
    public override string ToString() => string.Join(" | ", Faults.Select(fault => string.Create(CultureInfo.InvariantCulture, $"+{fault.After.TotalSeconds:0.0} s {fault}")));
}

using System.Globalization;

namespace OrderMall.Bench;

/// <summary>What is measured.</summary>
internal sealed record BenchOptions
{
    public const string Usage = """
        Opens a mall of its own on a free port with a data folder of its own, and measures it from outside.
          --customers N    closed loop: so many customers, each orders again as soon as it has its answer (32)
          --seconds N      for so long (30); not together with --orders
          --orders N       until so many orders were begun
          --searches N     measures twice: without, and beside N people without a token who search 200,000 offers for what there is not
          --old-orders N   measures twice: with the warm-up's orders alone, and after it filled the mall with N old ones
          --sidecar NAME   opens it as the AppHost does, every service a process, with the sidecar `embedded` or `daprd`
          --invocations    measures service invocation through the sidecar against a bare endpoint instead of orders
        """;

    public int Customers { get; init; } = 32;

    public int Seconds { get; init; } = 30;

    public int? Orders { get; init; }

    public int? Searches { get; init; }

    public int? OldOrders { get; init; }

    /// <summary>The sidecar of the AppHost's mall; <see langword="null"/> is the mall in one process.</summary>
    public string? Sidecar { get; init; }

    public bool Invocations { get; init; }

    /// <exception cref="FormatException">An argument is unknown or has a bad value.</exception>
    public static BenchOptions Parse(string[] args)
    {
        var options = new BenchOptions();
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i];
            options = name switch
            {
                "--customers" => options with { Customers = Number(1, 1000) },
                "--seconds" => options with { Seconds = Number(1, 3600) },
                "--orders" => options with { Orders = Number(1, 10_000_000) },
                "--searches" => options with { Searches = Number(1, 1000) },
                "--old-orders" => options with { OldOrders = Number(1, 10_000_000) },
                "--sidecar" => options with { Sidecar = ++i < args.Length && args[i] is "embedded" or "daprd" ? args[i] : throw new FormatException("--sidecar must be followed by embedded or daprd.") },
                "--invocations" => options with { Invocations = true },
                _ => throw new FormatException($"Unknown option '{name}'. There are --customers, --seconds, --orders, --searches, --old-orders, --sidecar and --invocations."),
            };

            int Number(int from, int to) =>
                ++i < args.Length && int.TryParse(args[i], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to
                    ? number
                    : throw new FormatException($"{name} must be followed by a whole number from {from} to {to}.");
        }

        return options is { Sidecar: "daprd", OldOrders: not null }
            ? throw new FormatException("--old-orders fills PostgreSQL, where daprd keeps no customers' pages: leave it or --sidecar daprd out.")
            : options;
    }
}

/// <summary>The measurement cannot be made; the message says why.</summary>
internal sealed class BenchException(string message) : Exception(message);

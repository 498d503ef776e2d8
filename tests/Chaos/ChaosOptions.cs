using System.Globalization;

namespace OrderMall.Chaos;

/// <summary>What is to go wrong, and for how long.</summary>
internal sealed record ChaosOptions
{
    public const string Usage = """
        Opens a mall of its own by the AppHost (two replicas of ordering, payment and store, a private PostgreSQL), sends people to it,
        and meanwhile kills, stops, slows and disconnects whatever there is. Then all is healed, and every side has to agree.
          --minutes N    for so long, 1 to 45 (1)
          --seed S       repeats a choice of faults and of what people want; a new one if left out
          --customers N  so many customers at a time, 1 to 100 (8)
          --data DIR     keeps everything there; a temporary folder, kept only when something was found, if left out
        Ends with 0 when nothing was found, and 1 when something was.
        """;

    // A person's sign-in lasts an hour.
    private const int LongestMinutes = 45;

    public int Minutes { get; init; } = 1;

    public int Seed { get; init; } = Random.Shared.Next();

    public int Customers { get; init; } = 8;

    public string? Data { get; init; }

    /// <summary>What is typed to have the same again.</summary>
    public string Command => string.Create(CultureInfo.InvariantCulture, $"dotnet run --project tests/Chaos -- --minutes {Minutes} --seed {Seed}{(Customers == new ChaosOptions().Customers ? "" : $" --customers {Customers}")}");

    /// <exception cref="FormatException">An argument is unknown or has a bad value.</exception>
    public static ChaosOptions Parse(string[] args)
    {
        var options = new ChaosOptions();
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i];
            options = name switch
            {
                "--minutes" => options with { Minutes = Number(1, LongestMinutes) },
                "--seed" => options with { Seed = Number(0, int.MaxValue) },
                "--customers" => options with { Customers = Number(1, 100) },
                "--data" => options with { Data = ++i < args.Length && args[i].Length > 0 ? args[i] : throw new FormatException("--data must be followed by a folder.") },
                _ => throw new FormatException($"Unknown option '{name}'. There are --minutes, --seed, --customers and --data."),
            };

            int Number(int from, int to) =>
                ++i < args.Length && int.TryParse(args[i], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to
                    ? number
                    : throw new FormatException($"{name} must be followed by a whole number from {from} to {to}.");
        }

        return options;
    }
}

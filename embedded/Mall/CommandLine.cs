using System.Globalization;
using OrderMall.Postgres;

namespace OrderMall.Mall;

/// <summary>Reads the options of the embedded mall from its arguments and environment.</summary>
internal static class CommandLine
{
    public const string Usage = """
        Options:
          --port N           the public port on 127.0.0.1 (8080)
          --web-port N       the port of the screens (the one after the public port)
          --data DIR         where everything is kept between runs (.data)
          --connection TEXT  use this PostgreSQL server instead of a private one (or the variable ConnectionStrings__postgres);
                             the user must be allowed to create databases
          --components DIR   the Dapr components and resiliency policies (components/ of the checkout)
        """;

    /// <summary>Reads the arguments.</summary>
    /// <exception cref="FormatException">One of them is unknown or has a bad value; the message is one line.</exception>
    public static MallOptions Parse(string[] args, string? connectionFromEnvironment)
    {
        var options = new MallOptions { ConnectionString = connectionFromEnvironment is { Length: > 0 } ? connectionFromEnvironment : null };
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i];
            options = name switch
            {
                "--port" => options with { Port = Number(1, 65535) },
                "--web-port" => options with { WebPort = Number(1, 65535) },
                "--data" => options with { DataDirectory = Value("a folder") },
                "--connection" => options with { ConnectionString = Value("a connection string") },
                "--components" => options with { ComponentsPath = Value("a folder") },
                _ => throw new FormatException($"Unknown option '{name}'. There are --port, --web-port, --data, --connection and --components."),
            };

            string Value(string what) =>
                ++i < args.Length && args[i].Length > 0 ? args[i] : throw new FormatException($"{name} needs {what} after it.");

            int Number(int from, int to) =>
                int.TryParse(Value("a number"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= from && number <= to
                    ? number
                    : throw new FormatException($"{name} must be a whole number from {from} to {to}; '{args[i]}' is not.");
        }

        if (options.ConnectionString is { } text)
            PostgresDatabases.Check(text, "The connection string");
        return options;
    }
}

using System.Diagnostics;
using System.Globalization;
using OrderMall.Contracts;
using Spectre.Console;

namespace OrderMall.Mall;

/// <summary>What the person who opens the mall sees: one line per step, then how to use it. Plain text where it is redirected.</summary>
internal sealed class Screen : IProgress<string>
{
    private readonly Stopwatch _time = Stopwatch.StartNew();

    public Screen()
    {
        if (!Console.IsOutputRedirected)
            return;
        // A file or a pipe has neither colours nor a width to fold lines at.
        AnsiConsole.Console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Interactive = InteractionSupport.No });
        AnsiConsole.Profile.Width = 1_000;
    }

    public void Report(string value) =>
        AnsiConsole.MarkupLine($"[grey]{Seconds()}[/] {Markup.Escape(value)}");

    public void Opened(EmbeddedMall mall, MallOptions options)
    {
        var address = mall.Address.GetLeftPart(UriPartial.Authority);
        var postgres = options.ConnectionString is null ? "a private server" : "the given server";
        AnsiConsole.MarkupLine($"[grey]{Seconds()}[/] [green]The mall is open on {mall.WebAddress.GetLeftPart(UriPartial.Authority)}[/]");
        AnsiConsole.WriteLine();
        Row("API", address);
        Row("Runs", "every .NET service in one process");
        Row("Data", $"{Path.GetFullPath(options.DataDirectory)} (PostgreSQL: {postgres})");
        Row("Accounts", string.Join(", ", Demo.Accounts.Select(a => $"{a.Name}@mall.test ({a.Role})")));
        Row("Password", Demo.Password);
        Row("Stop", "Ctrl+C; everything is kept for the next time");
        AnsiConsole.WriteLine();
        AnsiConsole.MarkupLine("[bold]Try[/]");
        // Not through the console library, which would fold what is to be copied.
        Console.WriteLine($"  curl '{address}/api/offers?kind=table'");
        Console.WriteLine($"  curl {address}/api/account/login -H 'Content-Type: application/json' -d '{{\"email\":\"alice@mall.test\",\"password\":\"{Demo.Password}\"}}'");

        static void Row(string name, string value) => AnsiConsole.MarkupLine($"[bold]{name,-10}[/]{Markup.Escape(value)}");
    }

    private string Seconds() => _time.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture).PadLeft(5) + " s";
}

using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using OrderMall.Contracts;

namespace OrderMall.AppHost.Supervision;

/// <summary>Waits until the mall is open and says how to use it, or why it cannot be opened; then the program ends with 1.</summary>
internal sealed class Opening(
    MallState state, MallSettings settings, IConfiguration configuration, ResourceNotificationService notifications, IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var time = Stopwatch.StartNew();
        Console.WriteLine($"Opening the mall. What it is doing: {DashboardAddress()}");
        var open = Task.WhenAll(
            notifications.WaitForResourceHealthyAsync(AppIds.Gateway, stoppingToken), notifications.WaitForResourceHealthyAsync(AppIds.Web, stoppingToken));
        if (await Task.WhenAny(open, state.Failure) == state.Failure)
        {
            if (await state.Failure is { } why)
            {
                await Console.Error.WriteLineAsync($"The mall cannot be opened:{Environment.NewLine}{why}");
                Environment.ExitCode = 1;
            }

            lifetime.StopApplication();
            return;
        }

        await open;
        state.IsOpen = true;
        var address = $"http://127.0.0.1:{settings.Port}";
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            The mall is open after {time.Elapsed.TotalSeconds:0} s.
              Shop       http://127.0.0.1:{settings.WebPort}
              API        {address}
              Dashboard  {DashboardAddress()}
              Data       {settings.Data}
            """));
        if (settings.Demo)
        {
            Console.WriteLine($$"""
                  Accounts   {{string.Join(", ", Demo.Accounts.Select(account => $"{account.Name}@mall.test ({account.Role})"))}}
                  Password   {{Demo.Password}}

                Try
                  curl '{{address}}/api/offers?kind=table'
                  curl {{address}}/api/account/login -H 'Content-Type: application/json' -d '{"email":"alice@mall.test","password":"{{Demo.Password}}"}'
                """);
        }

        Console.WriteLine($"{Environment.NewLine}Ctrl+C closes it; everything is kept for the next time.");
    }

    private string DashboardAddress()
    {
        var url = configuration["ASPNETCORE_URLS"]?.Split(';')[0] ?? "off";
        return configuration["AppHost:BrowserToken"] is { Length: > 0 } token ? $"{url}/login?t={token}" : url;
    }
}

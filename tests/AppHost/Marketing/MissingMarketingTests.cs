using System.Net;

namespace OrderMall.AppHost.Tests.Marketing;

/// <summary>The mall does not need marketing: in one process it is without it at all.</summary>
[Collection(AppHostCollection.Name)]
public sealed class MissingMarketingTests(OpenAppHost mall)
{
    [PythonFact]
    public async Task Orders_are_taken_while_marketing_is_down_and_count_once_when_it_is_back()
    {
        var (shop, one, other, op) = (await mall.BookshopAsync(), await mall.NewCustomerAsync(), await mall.NewCustomerAsync(), await mall.OperatorAsync());
        var kind = $"kind-{Guid.NewGuid():N}";
        var (emma, dracula) = (await shop.SellAsync(kind, "Emma"), await shop.SellAsync(kind, "Dracula"));
        var popular = $"?kind={kind}";
        await one.PlaceAsync(emma);
        await mall.Anyone.IsRecommendedAsync(popular, "Emma 1");
        await using (var absence = await op.StopAsync("marketing"))
        {
            (await mall.Anyone.GetAsync("/api/recommendations" + popular)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
            foreach (var (customer, offer) in new[] { (one, dracula), (other, emma), (other, dracula), (other, emma) })
                await customer.SeesAsync(await customer.PlaceAsync(offer), "Confirmed");
        }

        await mall.Anyone.IsRecommendedAsync(popular, "Emma 3", "Dracula 2");
        // Once more, with nothing left to tell.
        await using (var absence = await op.StopAsync("marketing"))
            await absence.EndAsync();
        await mall.Anyone.IsRecommendedAsync(popular, "Emma 3", "Dracula 2");
        await mall.Anyone.IsRecommendedAsync($"?offerId={dracula}", "Emma 3");
        await op.FindsAllInOrderAsync();
    }

    [UnixFact]
    public async Task Pythons_that_are_too_old_or_do_not_run_are_named()
    {
        var programs = Directory.CreateTempSubdirectory("ordermall-python-").FullName;
        var path = Environment.GetEnvironmentVariable("PATH");
        try
        {
            await InstallAsync(programs, "python3", "echo 3.8; echo /bin/sh");
            await InstallAsync(programs, "python", "exit 1");
            Environment.SetEnvironmentVariable("PATH", programs);
            var found = await Python.FindAsync(CancellationToken.None);
            Assert.Null(found.Program);
            Assert.Equal($"no Python 3.9 or later is on the PATH ({programs}/python3 is 3.8, {programs}/python does not run). Install one (python3) and open the mall again", found.Missing);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PATH", path);
            Directory.Delete(programs, recursive: true);
        }
    }

    private static async Task InstallAsync(string folder, string name, string script)
    {
        var program = Path.Combine(folder, name);
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }
}

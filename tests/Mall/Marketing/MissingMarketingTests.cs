using System.Net;
using System.Runtime.Versioning;
using OrderMall.Mall.Tests.Opening;

namespace OrderMall.Mall.Tests.Marketing;

/// <summary>The mall does not need marketing: neither for a while nor at all.</summary>
[Collection(AloneCollection.Name)]
public sealed class MissingMarketingTests(MallFixture mall) : IClassFixture<MallFixture>, IDisposable
{
    private readonly MallFolder _data = new();

    public void Dispose() => _data.Dispose();

    [FactNeeding(Need.Faults | Need.Marketing)]
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

    [FactNeeding(Need.Own | Need.Python)]
    public async Task Joining_and_leaving_changes_no_other_service()
    {
        List<string?> others;
        string token;
        await using (var without = await EmbeddedMall.OpenAsync(new MallOptions { Port = 0, DataDirectory = _data.Path, Without = ["marketing"] }))
        {
            var customer = await Customer.RegisterAsync(without.Address);
            await OrderAsync(without.Address, customer, "Emma");
            foreach (var person in new[] { customer, new Person(without.Address) })
                (await person.GetAsync("/api/recommendations?kind=book")).IsProblem(HttpStatusCode.NotFound, "not-found");
            Assert.DoesNotContain("/api/recommendations", await DescribedAsync(without.Address), StringComparison.Ordinal);
            others = await ServicesAsync(without.Address);
            token = customer.AccessToken!;
        }

        await using var with = await EmbeddedMall.OpenAsync(new MallOptions { Port = 0, DataDirectory = _data.Path });
        Assert.Equal([.. others, "marketing"], await ServicesAsync(with.Address));
        var again = new Person(with.Address, token);
        Assert.Single(await again.ListAsync("/api/mypage/orders"));
        await OrderAsync(with.Address, await Customer.RegisterAsync(with.Address), "Dracula");
        // Of what was ordered before it was there ordering has told it.
        await again.IsRecommendedAsync("?kind=book", "Dracula 1", "Emma 1");
        await Eventually.Satisfies(() => DescribedAsync(with.Address), document => document.Contains("/api/recommendations", StringComparison.Ordinal), "describe the API of marketing");
    }

    [FactNeeding(Need.Own)]
    [UnsupportedOSPlatform("windows")]
    public async Task Without_Python_the_mall_opens_without_it_and_says_so()
    {
        var programs = Path.Combine(_data.Path, "programs");
        await InstallAsync(programs, "python3", "echo 3.8; echo /bin/sh");
        await InstallAsync(programs, "python", "exit 1");
        await using var opened = await MallProcess.OpenAsync(_data.Path, ("PATH", $"{programs}:{Environment.GetEnvironmentVariable("PATH")}"));
        (await new Person(opened.Address).GetAsync("/api/recommendations")).IsProblem(HttpStatusCode.NotFound, "not-found");
        await OrderAsync(opened.Address, await Customer.RegisterAsync(opened.Address), "Emma");
        var ended = await opened.CloseAsync();
        Assert.Equal(0, ended.ExitCode);
        var line = Assert.Single(ended.Output.Split('\n'), said => said.Contains("marketing", StringComparison.Ordinal));
        Assert.Contains($"no Python 3.9 or later is on the PATH ({programs}/python3 is 3.8, {programs}/python does not run). Install one", line, StringComparison.Ordinal);
    }

    [TheoryNeeding(Need.Own)]
    [InlineData("ordering")]
    [InlineData("nothing")]
    public async Task What_the_mall_needs_cannot_be_left_out(string appId)
    {
        var ended = await MallProcess.RunAsync(["--data", _data.Path, "--port", $"{MallProcess.FreePort()}", "--without", appId]);
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains($"--without '{appId}'", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("marketing", ended.Errors, StringComparison.Ordinal);
        Assert.Single(ended.Errors.TrimEnd().Split('\n'));
    }

    [UnsupportedOSPlatform("windows")]
    private static async Task InstallAsync(string folder, string name, string script)
    {
        Directory.CreateDirectory(folder);
        var program = Path.Combine(folder, name);
        await File.WriteAllTextAsync(program, $"#!/bin/sh\n{script}\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private static async Task OrderAsync(Uri address, Customer customer, string title)
    {
        var shop = new Shop(await Person.SignInAsync(address, "bookshop@mall.test", "Mall-demo-1"));
        var order = await customer.PlaceAsync((await shop.PostAsync("/api/offers", Shop.Book(title))).Is(HttpStatusCode.Created).Json.GetProperty("id").GetGuid());
        await customer.OnPageAsync(order, "Preparing");
    }

    private static async Task<string> DescribedAsync(Uri address) => (await new Person(address).GetAsync("/openapi/v1.json")).Is(HttpStatusCode.OK).Text;

    private static async Task<List<string?>> ServicesAsync(Uri address)
    {
        var op = await Person.SignInAsync(address, "operator@mall.test", "Mall-demo-1");
        var services = (await op.GetAsync("/api/ops/services")).Is(HttpStatusCode.OK).Json.EnumerateArray().ToList();
        Assert.All(services, service => Assert.Equal("Running", service.GetProperty("status").GetString()));
        return [.. services.Select(service => service.GetProperty("appId").GetString())];
    }
}

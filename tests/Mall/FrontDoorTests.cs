using System.Net;
using System.Net.Sockets;
using OrderMall.Mall.Tests.Opening;
using OrderMall.Postgres;

namespace OrderMall.Mall.Tests;

/// <summary>The program that opens a mall says in one line what is in its way.</summary>
public sealed class FrontDoorTests : IDisposable
{
    private readonly MallFolder _data = new();

    public void Dispose() => _data.Dispose();

    [FactNeeding(Need.Own)]
    public async Task A_mall_keeps_everything_over_a_restart_and_is_opened_only_once_on_its_folder()
    {
        Guid order, offer;
        string token;
        await using (var first = await MallProcess.OpenAsync(_data.Path))
        {
            AssertRefused(await MallProcess.RunAsync(["--data", _data.Path, .. MallProcess.OwnPorts()]), 1, _data.Path, "already open");
            var shop = new People.Shop(await People.Person.SignInAsync(first.Address, "bookshop@mall.test", "Mall-demo-1"));
            var customer = await People.Customer.RegisterAsync(first.Address);
            offer = await shop.SellBookAsync(copies: 9);
            order = await customer.PlaceAsync(offer);
            await customer.OnPageAsync(order, "Preparing");
            token = customer.AccessToken!;
            Assert.Equal(0, (await first.CloseAsync()).ExitCode);
        }

        await using var second = await MallProcess.OpenAsync(_data.Path);
        var again = new People.Person(second.Address, token);
        Assert.Equal("Preparing", (await again.GetAsync($"/api/orders/{order}")).Is(HttpStatusCode.OK)["status"]);
        Assert.Equal("Approved", (await again.GetAsync($"/api/payments/{order}")).Is(HttpStatusCode.OK)["status"]);
        Assert.Single(await again.ListAsync("/api/mypage/orders"));
        Assert.Equal(3, (await again.ListAsync("/api/notifications")).Count(message => message.GetProperty("orderId").GetString() == order.ToString()));
        Assert.Equal("8", (await again.GetAsync($"/api/offers/{offer}")).Is(HttpStatusCode.OK)["available"]);
        var op = new People.Operator(await People.Person.SignInAsync(second.Address, "operator@mall.test", "Mall-demo-1"));
        await op.FindsAllInOrderAsync();
    }

    [FactNeeding(Need.Own)]
    public async Task A_taken_port_is_refused_by_its_number()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;
        AssertRefused(await RunAsync("--port", $"{port}"), 1, $"{port}", "--port");
    }

    [FactNeeding(Need.Own)]
    public async Task A_folder_that_cannot_be_written_to_is_refused_by_its_name()
    {
        var file = Path.Combine(_data.Path, "file");
        await File.WriteAllTextAsync(file, "");
        AssertRefused(await MallProcess.RunAsync(["--data", Path.Combine(file, "data"), "--port", "1"]), 1, file, "--data");
        // Not even root may make folders there.
        if (Directory.Exists("/proc"))
            AssertRefused(await MallProcess.RunAsync(["--data", "/proc/ordermall", "--port", "1"]), 1, "/proc/ordermall", "--data");
    }

    [TheoryNeeding(Need.Own)]
    [InlineData("statestore.yaml", "type: state.redis", "type: state.abacus", "state.abacus")]
    [InlineData("resiliency.yaml", "interval: 0s", "interval: soon", "interval")]
    [InlineData("resiliency.yaml", "trip: consecutiveFailures >= 5", "trip: consecutiveFailures >=", "trip")]
    [InlineData("resiliency.yaml", "timeout: hold", "timeout: hould", "hould")]
    [InlineData("pubsub.yaml", "type: pubsub.redis", "type: \"pubsub.redis", "YAML")]
    public async Task A_mistake_in_a_component_is_refused_by_file_and_line(string file, string right, string wrong, string named)
    {
        var (components, line) = await MistakeAsync(file, right, wrong);
        AssertRefused(await RunAsync("--components", components), 1, $"{file}:{line}", named);
    }

    [FactNeeding(Need.Own)]
    public async Task A_component_that_ends_too_early_is_refused_by_its_file()
    {
        var (components, _) = await MistakeAsync("config.yaml", "kind: Configuration", "kind: [Configuration");
        AssertRefused(await RunAsync("--components", components), 1, "config.yaml", "YAML");
    }
    [TheoryNeeding(Need.Own)]
    [InlineData("--prot", "8081")]
    [InlineData("--port", "no")]
    [InlineData("--port", "70000")]
    [InlineData("--components")]
    [InlineData("--connection", "nonsense")]
    public async Task A_wrong_option_is_refused_by_its_name(params string[] arguments) =>
        AssertRefused(await RunAsync(arguments), 2, arguments[0] == "--connection" ? "connection string" : arguments[0]);

    [FactNeeding(Need.Own)]
    public async Task Components_that_are_not_there_are_refused_by_their_place() =>
        AssertRefused(await RunAsync("--components", "/nowhere/components"), 1, "/nowhere/components", "--components");

    [FactNeeding(Need.Own)]
    public async Task Without_PostgreSQL_it_says_what_to_install()
    {
        var ended = await MallProcess.RunAsync(["--data", _data.Path, .. MallProcess.OwnPorts()], ("POSTGRES_BIN", _data.Path));
        Assert.Equal(1, ended.ExitCode);
        Assert.StartsWith("No PostgreSQL server was found", ended.Errors, StringComparison.Ordinal);
        Assert.Contains("apt-get install postgresql", ended.Errors, StringComparison.Ordinal);
        AssertNoStackTrace(ended);
    }

    [FactNeeding(Need.Own)]
    public async Task A_server_that_does_not_answer_is_refused_without_its_password()
    {
        var ended = await RunAsync("--connection", $"Host=127.0.0.1;Port={LoopbackPort.Find(1)[0]};Username=me;Password=secret-77");
        AssertRefused(ended, 1, "PostgreSQL");
        Assert.DoesNotContain("secret-77", ended.Output + ended.Errors, StringComparison.Ordinal);
    }

    /// <summary>A copy of the components with a mistake in one, and in which line that is.</summary>
    private async Task<(string Folder, int Line)> MistakeAsync(string file, string right, string wrong)
    {
        var components = Path.Combine(_data.Path, "components");
        Directory.CreateDirectory(components);
        foreach (var path in Directory.EnumerateFiles(Checkout.Of("components"), "*.yaml"))
            File.Copy(path, Path.Combine(components, Path.GetFileName(path)));
        var lines = await File.ReadAllLinesAsync(Path.Combine(components, file));
        var line = Array.FindIndex(lines, text => text.Contains(right, StringComparison.Ordinal));
        lines[line] = lines[line].Replace(right, wrong, StringComparison.Ordinal);
        await File.WriteAllLinesAsync(Path.Combine(components, file), lines);
        return (components, line + 1);
    }

    private Task<MallProcess.Ended> RunAsync(params string[] arguments) => MallProcess.RunAsync(
        arguments.Contains("--port") ? ["--data", _data.Path, .. arguments] : ["--data", _data.Path, .. MallProcess.OwnPorts(), .. arguments]);

    private static void AssertRefused(MallProcess.Ended ended, int exitCode, params string[] named)
    {
        Assert.True(ended.ExitCode == exitCode, $"It should end with {exitCode}, but: {ended}");
        var line = ended.Errors.TrimEnd();
        Assert.True(line.Length > 0 && !line.Contains('\n', StringComparison.Ordinal), $"It should say one line, but: {ended}");
        AssertNoStackTrace(ended);
        Assert.All(named, name => Assert.Contains(name, line, StringComparison.OrdinalIgnoreCase));
    }

    private static void AssertNoStackTrace(MallProcess.Ended ended)
    {
        Assert.DoesNotContain("   at ", ended.Output + ended.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", ended.Output + ended.Errors, StringComparison.Ordinal);
    }
}

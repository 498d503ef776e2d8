using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrderMall.Postgres;

namespace OrderMall.Sidecar.Tests;

/// <summary>The sidecar as a process of its own.</summary>
[Collection(PostgresCollection.Name)]
public sealed class ProcessTests(PostgresServer postgres)
{
    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task An_event_survives_the_sidecars_death_between_publishing_and_delivery()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("publisher", 1), ("subscriber", 1));
        var subscriber = rig.App("subscriber");
        subscriber.Subscriptions = $"[{EmbeddedRig.Subscription("orders", "/handle")}]";
        var held = new TaskCompletionSource();
        subscriber.Answers["/handle"] = _ => held.Task;
        await rig.StartAppsAsync("publisher", "subscriber");

        using (var sidecar = await StartAsync(rig))
        {
            await rig.PublishAsync("publisher", "orders", """{"n":1}""");
            await Eventually.TrueAsync(() => subscriber.CountAt("/handle") == 1);
            sidecar.Kill();
            await sidecar.WaitForExitAsync();
        }

        held.SetResult();
        using var again = await StartAsync(rig);
        await Eventually.TrueAsync(() => subscriber.CountAt("/handle") == 2);
        await StopAsync(again);
    }

    [Fact]
    public async Task A_second_sidecar_on_the_same_database_says_so_and_ends()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("app", 1));
        using var first = await StartAsync(rig);
        using var second = Run(await OptionsAsync(rig, rig.Options with
        {
            Apps = [new() { AppId = "app", Port = LoopbackPort.Find(1)[0], Instances = [new Uri("http://127.0.0.1:1")] }],
        }));
        Assert.Equal((1, "another sidecar is working on this database; stop it first, or give this one a database of its own"), await ExitAsync(second));
        await StopAsync(first);
    }

    [Fact]
    public async Task A_mistake_in_a_component_file_is_one_line_with_its_place()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "kind: Resilience", ("app", 1));
        using var sidecar = Run(await OptionsAsync(rig, rig.Options));
        var (code, error) = await ExitAsync(sidecar);
        Assert.Equal(1, code);
        Assert.Equal("resiliency.yaml:1: the embedded sidecar knows no kind 'Resilience'; it reads Component, Resiliency and Configuration", error);
    }

    [Fact]
    public async Task Circuits_can_be_asked_for_with_the_token()
    {
        await using var rig = await EmbeddedRig.CreateAsync(postgres, "", ("app", 1));
        var port = LoopbackPort.Find(1)[0];
        var file = await OptionsAsync(rig, rig.Options, ("adminPort", port), ("adminToken", "secret"));
        using var sidecar = Run(file);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        await Eventually.TrueAsync(() => AnswersAsync(client, "/circuits"), "the admin port answers");
        using (var refused = await client.GetAsync("/circuits"))
            Assert.Equal(401, (int)refused.StatusCode);
        client.DefaultRequestHeaders.Add("dapr-api-token", "secret");
        Assert.Equal("[]", await client.GetStringAsync("/circuits"));
        await StopAsync(sidecar);
    }

    [Fact]
    public void What_the_options_file_leaves_out_has_its_default()
    {
        var options = SidecarProcessOptions.Read(
            """{"resourcesPath":"r","connectionString":"c","apps":[{"appId":"a","port":1,"instances":["http://127.0.0.1:2"]}]}""");
        var defaults = new SidecarOptions { ResourcesPath = "r", ConnectionString = "c", Apps = [] };
        Assert.Equal("/health", Assert.Single(options.Apps).HealthPath);
        Assert.Equal(
            (defaults.ProbeInterval, defaults.ProbeTimeout, defaults.ProbeThreshold, defaults.DeliveryConcurrency, null),
            (options.ProbeInterval, options.ProbeTimeout, options.ProbeThreshold, options.DeliveryConcurrency, options.AdminPort));
    }

    [Theory]
    [InlineData("{}", "resourcesPath")]
    [InlineData("""{"resourcesPath":"r","connectionString":"c","apps":[],"probes":1}""", "probes")]
    public void An_options_file_with_a_mistake_is_refused_by_the_members_name(string json, string member) =>
        Assert.Contains(member, Assert.Throws<JsonException>(() => SidecarProcessOptions.Read(json)).Message, StringComparison.Ordinal);

    private static async Task<Process> StartAsync(EmbeddedRig rig)
    {
        var process = Run(await OptionsAsync(rig, rig.Options));
        using var client = rig.As(rig.Options.Apps[0].AppId);
        await Eventually.TrueAsync(() => AnswersAsync(client, "/v1.0/healthz"), "the sidecar answers");
        return process;
    }

    private static async Task<bool> AnswersAsync(HttpClient client, string path)
    {
        try
        {
            using var response = await client.GetAsync(path);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<string> OptionsAsync(EmbeddedRig rig, SidecarOptions options, params (string Name, JsonNode Value)[] more)
    {
        var json = new JsonObject
        {
            ["resourcesPath"] = options.ResourcesPath,
            ["connectionString"] = options.ConnectionString,
            ["apps"] = JsonSerializer.SerializeToNode(options.Apps, JsonSerializerOptions.Web),
        };
        foreach (var (name, value) in more)
            json[name] = value;
        var file = Path.Combine(rig.Resources, $"options-{Guid.NewGuid():n}.json");
        await File.WriteAllTextAsync(file, json.ToJsonString());
        return file;
    }

    private static Process Run(string options) => Process.Start(new ProcessStartInfo("dotnet", ["exec", typeof(EmbeddedSidecar).Assembly.Location, "--options", options])
    {
        RedirectStandardError = true,
    })!;

    private static async Task<(int Code, string Error)> ExitAsync(Process process)
    {
        var error = await process.StandardError.ReadToEndAsync().WaitAsync(ExitLimit);
        await process.WaitForExitAsync().WaitAsync(ExitLimit);
        return (process.ExitCode, error.Trim());
    }

    private static async Task StopAsync(Process process)
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
            await kill.WaitForExitAsync();
        Assert.Equal((0, ""), await ExitAsync(process));
    }
}

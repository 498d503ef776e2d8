using System.Net.Http.Json;
using System.Text.Json;
using OrderMall.Contracts;
using OrderMall.Control;

namespace OrderMall.AppHost.Supervision;

/// <summary>What people try first, as commands of the dashboard.</summary>
internal static class DemoCommands
{
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Slowness = TimeSpan.FromSeconds(8);

    /// <summary>Alice orders a book, through the public API like anybody.</summary>
    public static void WithDemoOrder(this IResourceBuilder<ProjectResource> gateway) =>
        gateway.WithCommand(
            "demo-order",
            "Place a demo order",
            context => TellAsync(() => OrderAsync(gateway.GetEndpoint("http"), context.CancellationToken), context.CancellationToken),
            Options("Signs in as alice and orders a book.", "ShoppingBag"));

    /// <summary>Has the payment provider be slow, unavailable or declining, and normal again.</summary>
    public static void WithModes(this IResourceBuilder<IResource> provider, MallApp app)
    {
        Add("slow", "Slow the payment provider", $"Answers {Slowness.TotalSeconds} s late: payments time out, then the circuit opens.", "TopSpeed");
        Add("down", "Stop the payment provider", "Answers 503 to everything: orders are refused at once, or wait if their customers want to.", "PlugDisconnected");
        Add("decline", "Decline all payments", "Declines every new charge: orders answer 402.", "Prohibited");
        Add("normal", "Heal the payment provider", "As it should be: the circuit closes after a few seconds, and what waited is charged.", "Heart");

        void Add(string mode, string title, string description, string icon) => provider.WithCommand(
            $"provider-{mode}",
            title,
            context => SetModeAsync(app, mode, context.CancellationToken),
            Options(description, icon));
    }

    /// <summary>Restarts a service's instances one after the other: with two of them nobody is refused.</summary>
    public static void WithRollingRestart(this IResourceBuilder<IResource> first, MallApp app, MallServices services)
    {
        if (app.Instances.Count > 1)
        {
            first.WithCommand(
                "rolling-restart",
                $"Restart {app.AppId}, one instance after the other",
                async context =>
                {
                    try
                    {
                        await services.RestartServiceAsync(app.AppId, context.CancellationToken);
                        return CommandResults.Success($"{app.AppId} was restarted.");
                    }
                    catch (MallException failed)
                    {
                        return CommandResults.Failure(failed.Message);
                    }
                },
                Options("Each instance is stopped when the one before has work again: nobody is refused.", "ArrowSync"));
        }
    }

    private static async Task<ExecuteCommandResult> OrderAsync(EndpointReference gateway, CancellationToken cancellationToken)
    {
        using var mall = Client(new Uri(gateway.Url));
        using var login = await mall.PostAsJsonAsync("api/account/login", new { email = "alice@mall.test", password = Demo.Password }, cancellationToken);
        if (!login.IsSuccessStatusCode)
            return await ProblemAsync(login, cancellationToken);
        var session = await login.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        mall.DefaultRequestHeaders.Authorization = new("Bearer", session.GetProperty("accessToken").GetString());

        var offers = await mall.GetFromJsonAsync<JsonElement>("api/offers?kind=book&limit=100", cancellationToken);
        var books = offers.GetProperty("items").EnumerateArray()
            .Where(book => book.GetProperty("available") is { ValueKind: JsonValueKind.Number } available && available.GetInt64() > 0).ToList();
        if (books.Count == 0)
            return CommandResults.Failure("There is no book to order: all are sold.");
        var chosen = books[Random.Shared.Next(books.Count)];
        using var placed = await mall.PostAsJsonAsync(
            "api/orders",
            new { offerId = chosen.GetProperty("id").GetGuid(), quantity = 1, expectedAmount = chosen.GetProperty("price").GetDecimal(), destination = "1 Main Street", paymentMethod = "card_ok" },
            cancellationToken);
        if (!placed.IsSuccessStatusCode)
            return await ProblemAsync(placed, cancellationToken);
        var order = await placed.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return CommandResults.Success($"Order {order.GetProperty("id")} of '{chosen.GetProperty("title")}' is {order.GetProperty("status")}.");
    }

    private static async Task<ExecuteCommandResult> SetModeAsync(MallApp provider, string mode, CancellationToken cancellationToken) =>
        await PaymentProviderApi.SetAsync(provider.Instances[0].Address, provider.AppToken, new ProviderMode(mode, (int)Slowness.TotalMilliseconds), cancellationToken) is { } reason
            ? CommandResults.Failure($"The payment provider did not take the mode: {reason}")
            : CommandResults.Success($"The payment provider is {mode} now.");

    private static async Task<ExecuteCommandResult> TellAsync(Func<Task<ExecuteCommandResult>> attempt, CancellationToken cancellationToken)
    {
        try
        {
            return await attempt();
        }
        catch (Exception failure) when (failure is HttpRequestException or JsonException || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return CommandResults.Failure($"No answer: {failure.Message}");
        }
    }

    private static async Task<ExecuteCommandResult> ProblemAsync(HttpResponseMessage answer, CancellationToken cancellationToken) =>
        CommandResults.Failure($"{(int)answer.StatusCode} {answer.ReasonPhrase}: {await answer.Content.ReadAsStringAsync(cancellationToken)}");

    private static HttpClient Client(Uri address) =>
        new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, Timeout = TimeLimit };

    // Only what runs can be asked.
    private static CommandOptions Options(string description, string icon) => new()
    {
        Description = description,
        IconName = icon,
        IsHighlighted = true,
        UpdateState = context => context.ResourceSnapshot.State?.Text == KnownResourceStates.Running ? ResourceCommandState.Enabled : ResourceCommandState.Disabled,
    };
}

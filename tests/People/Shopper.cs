using System.Net;

namespace OrderMall.People;

/// <summary>An order of the mix.</summary>
public sealed record MixedOrder(Guid Id, MixedOffer Offer)
{
    /// <summary>What its customer's cancellation was answered; <see langword="null"/> where it was not cancelled.</summary>
    public HttpStatusCode? Cancellation { get; set; }
}

/// <summary>A customer of the mix, who orders this and that and cancels a third of it.</summary>
public sealed class Shopper(Customer customer, Answers answers, int seed)
{
    private const int LongestThought = 3_000;
    private static readonly string[] Passing = ["Pending", "AwaitingPayment", "Cancelling"];

    private readonly Random _random = new(seed);

    /// <summary>What was ordered: answered 201 or 202.</summary>
    public List<MixedOrder> Orders { get; } = [];

    /// <summary>Orders until so many orders were taken.</summary>
    public async Task OrderAsync(int orders, IReadOnlyList<MixedOffer> offers, CancellationToken giveUp)
    {
        var cancellations = new List<Task>();
        while (Orders.Count < orders)
        {
            giveUp.ThrowIfCancellationRequested();
            if (await TryOrderAsync(offers[_random.Next(offers.Count)]) is not { } order)
            {
                await Task.Delay(_random.Next(20, 400), giveUp);
                continue;
            }

            Orders.Add(order);
            if (_random.Next(3) == 0)
                cancellations.Add(CancelAsync(order, _random.Next(2) == 0 ? 0 : _random.Next(LongestThought), giveUp));
        }

        await Task.WhenAll(cancellations);
    }

    /// <summary>Looks whether every order is there once, at rest, where its history and the answers to its customer explain, and on the page and in the messages likewise.</summary>
    /// <returns>What is not so.</returns>
    public async Task<List<string>> WrongAsync()
    {
        var wrong = new List<string>();
        var page = (await customer.PageAsync()).ToLookup(order => order.GetProperty("orderId").GetGuid());
        var messages = (await customer.ListAsync("/api/notifications")).CountBy(message => message.GetProperty("orderId").GetGuid()).ToDictionary();
        foreach (var order in Orders)
        {
            var seen = (await Person.PatientlyAsync(() => customer.GetAsync($"/api/orders/{order.Id}"))).Is(HttpStatusCode.OK);
            var (status, history) = (seen["status"], Customer.Statuses(seen.Json.GetProperty("history")));
            Require(OrderLife.IsPossible(order.Offer.Fulfilment, history) && history[^1] == status && !Passing.Contains(status), "is not possible");
            Require(IsExplained(order, status, seen["reason"]), "is not explained");
            Require(page[order.Id].Count() == 1, $"is {page[order.Id].Count()} times on the page");
            Require(page[order.Id].All(shown => history.SequenceEqual(Customer.Statuses(shown.GetProperty("timeline")))), "is not what the page shows");
            Require(messages.GetValueOrDefault(order.Id) == history.Count, $"brought {messages.GetValueOrDefault(order.Id)} messages");

            void Require(bool condition, string otherwise)
            {
                if (!condition)
                    wrong.Add($"{order} {otherwise}: {seen}");
            }
        }

        return wrong;
    }

    private async Task<MixedOrder?> TryOrderAsync(MixedOffer offer)
    {
        var headers = new List<(string, string)>();
        if (_random.Next(2) == 0)
            headers.Add(("Idempotency-Key", $"{Guid.NewGuid()}"));
        if (_random.Next(4) == 0)
            headers.Add(("Prefer", "respond-async"));
        var (quantity, paymentMethod) = (_random.Next(1, 3), _random.Next(20) == 0 ? "card_declined" : "card_ok");
        var answer = await answers.AskAsync(
            () => customer.OrderAsync(offer.Id, quantity, paymentMethod, [.. headers]),
            HttpStatusCode.Created, HttpStatusCode.Accepted, HttpStatusCode.PaymentRequired, HttpStatusCode.Conflict);
        return answer?.Status is HttpStatusCode.Created or HttpStatusCode.Accepted ? new MixedOrder(answer.Json.GetProperty("id").GetGuid(), offer) : null;
    }

    // Asks until it is answered: who is told that the mall is not available tries again.
    private async Task CancelAsync(MixedOrder order, int thought, CancellationToken giveUp)
    {
        for (var pause = thought; ; pause = 500)
        {
            await Task.Delay(pause, giveUp);
            if (await answers.AskAsync(() => customer.CancelAsync(order.Id), HttpStatusCode.OK, HttpStatusCode.Accepted, HttpStatusCode.Conflict) is not { } answer)
                continue;
            order.Cancellation = answer.Status;
            return;
        }
    }

    private static bool IsExplained(MixedOrder order, string? status, string? reason) => status switch
    {
        "Cancelled" => order.Cancellation is HttpStatusCode.OK or HttpStatusCode.Accepted,
        "Rejected" => order.Cancellation != HttpStatusCode.OK && (reason is "declined" or "expired" || (order.Offer.Fulfilment == "confirmation" && reason == "refused by merchant: Full after all.")),
        "Shipped" or "Delivered" or "Completed" => order.Cancellation != HttpStatusCode.OK,
        _ => order.Cancellation is null,
    };
}

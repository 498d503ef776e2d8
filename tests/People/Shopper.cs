using System.Net;
using System.Text.Json;

namespace OrderMall.People;

/// <summary>An order of the mix.</summary>
public sealed record MixedOrder(Guid Id, MixedOffer Offer)
{
    /// <summary>What its customer's cancellation was answered; <see langword="null"/> where it was not cancelled.</summary>
    public HttpStatusCode? Cancellation { get; set; }
}

/// <summary>An order that is not as it must be.</summary>
/// <param name="Detail">What is wrong, and all there is to see of it.</param>
/// <param name="From">When it was made.</param>
/// <param name="To">When it last changed.</param>
public sealed record WrongOrder(string Detail, DateTimeOffset From, DateTimeOffset To);

/// <summary>A customer of the mix, who orders this and that and cancels a third of it.</summary>
public sealed class Shopper(Customer customer, Answers answers, int seed)
{
    private const int MostAtOnce = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    // From sending a request to the moment its order is made: nobody goes on longer with what nobody waits for.
    private static readonly TimeSpan LongestWay = TimeSpan.FromMinutes(1);
    private static readonly string[] Passing = ["Pending", "AwaitingPayment", "Cancelling"];

    private readonly Random _random = new(seed);

    // Requests of which their sender does not know whether they were carried out.
    private readonly List<(MixedOffer Offer, int Quantity, DateTimeOffset SentAt)> _unknown = [];

    /// <summary>What was ordered: answered 201 or 202.</summary>
    public List<MixedOrder> Orders { get; } = [];

    /// <summary>Orders until so many orders were taken or it is over, and finishes what was begun.</summary>
    /// <param name="giveUp">Ends it whatever is unfinished.</param>
    /// <param name="leisure">How long to think between orders: that many times as long as after a refusal.</param>
    /// <param name="over">Ends it in order.</param>
    public async Task OrderAsync(int orders, IReadOnlyList<MixedOffer> offers, CancellationToken giveUp, double leisure = 0, CancellationToken over = default)
    {
        var cancellations = new List<Task>();
        while (Orders.Count < orders && !over.IsCancellationRequested)
        {
            giveUp.ThrowIfCancellationRequested();
            var wish = Wish.Of(offers, _random);
            var order = await TryOrderAsync(wish, giveUp);
            if (order is not null && wish.CancelAfter is { } thought)
                cancellations.Add(CancelAsync(order, thought, giveUp));
            await Task.Delay(order is null ? wish.Pause : wish.Pause * leisure, giveUp);
        }

        await Task.WhenAll(cancellations);
    }

    /// <summary>Orders one of something.</summary>
    /// <returns>The order; <see langword="null"/> if none was made, or nobody knows.</returns>
    public Task<MixedOrder?> TryOrderAsync(MixedOffer offer) =>
        TryOrderAsync(new Wish(offer, 1, "card_ok", [], CancelAfter: null, TimeSpan.Zero), CancellationToken.None);

    /// <summary>Whether one of the newest orders has come so far on the customer's own page, with a message of each step.</summary>
    public async Task<bool> SeesAsync(MixedOrder order, string status)
    {
        var timeline = (await NewestAsync("/api/mypage/orders", order)).SelectMany(shown => Customer.Statuses(shown.GetProperty("timeline"))).ToList();
        return timeline.Contains(status) && (await NewestAsync("/api/notifications", order)).Count >= timeline.Count;
    }

    /// <summary>
    /// Looks whether every order is there once, at rest, where its history and the answers to its customer explain, and on the page and in
    /// the messages likewise; and whether nothing is there that the customer did not ask for.
    /// </summary>
    /// <returns>What is not so.</returns>
    public async Task<IReadOnlyList<WrongOrder>> WrongAsync()
    {
        var wrong = new List<WrongOrder>();
        var page = (await customer.PageAsync()).ToLookup(order => order.GetProperty("orderId").GetGuid());
        // What was given back is told besides, and so is what is new of the kinds that were ordered.
        var messages = (await customer.ListAsync("/api/notifications"))
            .Where(message => message.GetProperty("orderId").GetString() is not null && !message.GetProperty("subject").GetString()!.StartsWith("Refund:", StringComparison.Ordinal))
            .CountBy(message => message.GetProperty("orderId").GetGuid()).ToDictionary();
        var orders = Orders.ToDictionary(order => order.Id);
        var seen = new Dictionary<Guid, Answer>();
        foreach (var ids in orders.Keys.Union(page.Select(shown => shown.Key)).Chunk(MostAtOnce))
        {
            foreach (var (id, answer) in await Task.WhenAll(ids.Select(async id => (id, await Person.PatientlyAsync(() => customer.GetAsync($"/api/orders/{id}"))))))
                seen[id] = answer.Is(HttpStatusCode.OK);
        }

        var unknown = _unknown.ToList();
        foreach (var (id, answer) in seen.OrderBy(order => order.Value.Json.GetProperty("createdAt").GetDateTimeOffset()))
        {
            var (status, history) = (answer["status"], Customer.Statuses(answer.Json.GetProperty("history")));
            if (!orders.TryGetValue(id, out var order))
            {
                var request = unknown.FindIndex(request => MayHaveMade(request, answer.Json));
                Require(request >= 0, "was made by no request");
                if (request < 0)
                    continue;
                order = new MixedOrder(id, unknown[request].Offer);
                unknown.RemoveAt(request);
            }

            Require(OrderLife.IsPossible(order.Offer.Fulfilment, history) && history[^1] == status && !Passing.Contains(status), "is not possible");
            Require(IsExplained(order, history, answer["reason"]), "is not explained");
            Require(page[id].Count() == 1, $"is {page[id].Count()} times on the page");
            Require(
                page[id].All(shown => history.SequenceEqual(Customer.Statuses(shown.GetProperty("timeline")))),
                $"is not what the page shows ({string.Join("; ", page[id].Select(shown => string.Join(", ", Customer.Statuses(shown.GetProperty("timeline")))))})");
            Require(messages.GetValueOrDefault(id) == history.Count, $"brought {messages.GetValueOrDefault(id)} messages");

            void Require(bool condition, string otherwise)
            {
                if (!condition)
                    wrong.Add(new WrongOrder($"{order?.ToString() ?? $"Order {id}"} {otherwise}: {answer}", answer.Json.GetProperty("createdAt").GetDateTimeOffset(), answer.Json.GetProperty("updatedAt").GetDateTimeOffset()));
            }
        }

        return wrong;
    }

    // Nothing while the service is unreachable.
    private async Task<List<JsonElement>> NewestAsync(string path, MixedOrder order) =>
        await answers.AskAsync(() => customer.GetAsync($"{path}?limit=100"), HttpStatusCode.OK) is { } page
            ? [.. page.Json.GetProperty("items").EnumerateArray().Where(item => item.GetProperty("orderId").GetString() == order.Id.ToString())]
            : [];

    // Who has sent a key sends the same again until there is an answer.
    private async Task<MixedOrder?> TryOrderAsync(Wish wish, CancellationToken giveUp)
    {
        while (true)
        {
            var sentAt = DateTimeOffset.UtcNow;
            var answer = await answers.AskOnceAsync(
                () => customer.OrderAsync(wish.Offer.Id, wish.Quantity, wish.PaymentMethod, [.. wish.Headers]),
                [HttpStatusCode.Created, HttpStatusCode.Accepted, HttpStatusCode.PaymentRequired, HttpStatusCode.Conflict, .. wish.Offer.Ends ? [HttpStatusCode.NotFound] : Array.Empty<HttpStatusCode>()]);
            if (answer?.Status is HttpStatusCode.Created or HttpStatusCode.Accepted)
            {
                var order = new MixedOrder(answer.Json.GetProperty("id").GetGuid(), wish.Offer);
                Orders.Add(order);
                return order;
            }

            if (answer is { IsUnreachable: false, Problem: not "in-progress" } || answer?.Text.Contains("Nothing was ordered", StringComparison.Ordinal) == true)
                return null;
            if (!wish.HasKey || giveUp.IsCancellationRequested)
            {
                _unknown.Add((wish.Offer, wish.Quantity, sentAt));
                return null;
            }

            await Task.Delay(Pause, giveUp).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Asks until it is answered: who is told that the mall is not available tries again.
    private async Task CancelAsync(MixedOrder order, TimeSpan thought, CancellationToken giveUp)
    {
        for (var pause = thought; ; pause = Pause)
        {
            await Task.Delay(pause, giveUp);
            if (await answers.AskAsync(() => customer.CancelAsync(order.Id), HttpStatusCode.OK, HttpStatusCode.Accepted, HttpStatusCode.Conflict) is not { } answer)
                continue;
            order.Cancellation = answer.Status;
            return;
        }
    }

    private static bool MayHaveMade((MixedOffer Offer, int Quantity, DateTimeOffset SentAt) request, JsonElement order)
    {
        var way = order.GetProperty("createdAt").GetDateTimeOffset() - request.SentAt;
        return order.GetProperty("offerId").GetGuid() == request.Offer.Id
            && order.GetProperty("quantity").GetInt32() == request.Quantity
            && way > TimeSpan.FromMilliseconds(-1) && way < LongestWay; // orders know the time to the millisecond
    }

    private static bool IsExplained(MixedOrder order, IReadOnlyList<string?> history, string? reason) => history[^1] switch
    {
        "Cancelled" => order.Cancellation is HttpStatusCode.OK or HttpStatusCode.Accepted,
        "Rejected" => order.Cancellation != HttpStatusCode.OK && reason switch
        {
            // Only who has not paid yet: what is accepted is paid, or need not be.
            "declined" or "expired" => history[0] == "AwaitingPayment" && !history.Contains("Accepted"),
            _ => order.Offer.Fulfilment == "confirmation" && reason == "refused by merchant: Full after all.",
        },
        "Shipped" or "Delivered" or "Completed" => order.Cancellation != HttpStatusCode.OK,
        _ => order.Cancellation is null,
    };

    /// <summary>What a customer has in mind. Drawn in one go, so that what comes next does not depend on what is answered.</summary>
    private sealed record Wish(MixedOffer Offer, int Quantity, string PaymentMethod, IReadOnlyList<(string Name, string Value)> Headers, TimeSpan? CancelAfter, TimeSpan Pause)
    {
        private const string Key = "Idempotency-Key";
        private const int LongestThought = 3_000;

        public bool HasKey => Headers.Any(header => header.Name == Key);

        public static Wish Of(IReadOnlyList<MixedOffer> offers, Random random)
        {
            var (offer, headers) = (offers[random.Next(offers.Count)], new List<(string, string)>());
            if (random.Next(2) == 0)
                headers.Add((Key, $"{Guid.NewGuid()}"));
            if (random.Next(4) == 0)
                headers.Add(("Prefer", "respond-async"));
            return new Wish(
                offer,
                random.Next(1, 3),
                random.Next(20) == 0 ? "card_declined" : "card_ok",
                headers,
                random.Next(3) != 0 ? null : TimeSpan.FromMilliseconds(random.Next(2) == 0 ? 0 : random.Next(LongestThought)),
                TimeSpan.FromMilliseconds(random.Next(20, 400)));
        }
    }
}

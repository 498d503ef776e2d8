using System.Net;

namespace OrderMall.People;

/// <summary>
/// Who comes and goes in the mix: businesses that sell books and bookings, and register titles, from whom an operator takes their roles and gives them back,
/// and who withdraw what they sell. What they have on sale others order meanwhile.
/// </summary>
/// <param name="answers">Takes note of what they are answered.</param>
/// <param name="seed">Decides what they do.</param>
public sealed class Turnover(Operator op, Answers answers, int seed)
{
    private const int Businesses = 3;
    private static readonly string[] AsCustomer = ["customer"];
    private static readonly string[] AsSeller = ["customer", "merchant", "publisher"];

    private readonly Random _random = new(seed);
    private readonly List<Customer> _people = [];

    /// <summary>How often a role was taken.</summary>
    public int Taken { get; private set; }

    /// <summary>Opens the businesses.</summary>
    /// <returns>What they sell, until they do not.</returns>
    public async Task<List<MixedOffer>> ComeAsync(MallPeople mall)
    {
        var offers = new List<MixedOffer>();
        for (var i = 0; i < Businesses; i++)
        {
            var person = await mall.NewCustomerAsync();
            _people.Add(person);
            (await SetAsync(person, AsSeller)).Is(HttpStatusCode.OK);
            foreach (var fulfilment in new[] { "none", "delivery" })
                offers.Add(new MixedOffer(await new Shop(person).SellAsync(Goods(fulfilment)), fulfilment) { Ends = true });
        }

        return offers;
    }

    /// <summary>Happens until it is over; then nobody of them sells any more.</summary>
    public async Task HappenAsync(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            var person = _people[_random.Next(_people.Count)];
            switch (_random.Next(4))
            {
                case 0:
                    Taken += await answers.AskAsync(() => SetAsync(person, AsCustomer), HttpStatusCode.OK) is null ? 0 : 1;
                    break;
                case 1:
                    await answers.AskAsync(() => SetAsync(person, AsSeller), HttpStatusCode.OK);
                    await answers.AskAsync(() => person.PostAsync("/api/offers", Goods("none")), HttpStatusCode.Created);
                    break;
                case 2:
                    await answers.AskAsync(() => new Publisher(person).RegisterAsync("Passing title"), HttpStatusCode.Created, HttpStatusCode.Forbidden);
                    break;
                default:
                    foreach (var offer in await OnSaleAsync(person))
                        await answers.AskAsync(() => person.DeleteAsync($"/api/offers/{offer}"), HttpStatusCode.NoContent, HttpStatusCode.Forbidden);
                    break;
            }

            await Task.Delay(_random.Next(100, 1_500), over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        foreach (var person in _people)
        {
            // Whatever they are by now: it is taken from them while something of theirs is on sale and in review.
            await Eventually.Satisfies(() => SetAsync(person, AsSeller), answer => answer.Status == HttpStatusCode.OK, "be given their roles");
            await Eventually.Satisfies(() => person.PostAsync("/api/offers", Goods("none")), answer => answer.Status == HttpStatusCode.Created, "put something on sale");
            await Eventually.Satisfies(() => new Publisher(person).RegisterAsync("Passing title"), answer => answer.Status == HttpStatusCode.Created, "register a title");
            await Eventually.Satisfies(() => SetAsync(person, AsCustomer), answer => answer.Status == HttpStatusCode.OK, "lose their roles");
            Taken++;
        }
    }

    /// <summary>Waits until nothing of theirs is on sale or in review.</summary>
    public async Task IsOverAsync(TimeSpan within)
    {
        foreach (var person in _people)
        {
            await Eventually.Satisfies(
                async () => (await op.ListAsync($"/api/offers?merchantId={person.Id}")).Count, count => count == 0, $"have nothing of {person.Id} on sale", within);
            await Eventually.Satisfies(
                async () => (await person.ListAsync("/api/mypage/titles")).Count(title => title.GetProperty("status").GetString() is "InReview" or "Approved"),
                count => count == 0,
                $"have no title of {person.Id}",
                within);
        }
    }

    private async Task<List<Guid>> OnSaleAsync(Customer person) =>
        await answers.AskAsync(() => person.GetAsync($"/api/offers?merchantId={person.Id}&limit=100"), HttpStatusCode.OK) is { } page
            ? [.. page.Json.GetProperty("items").EnumerateArray().Where(offer => offer.GetProperty("title").GetString() != "Passing title").Select(offer => offer.GetProperty("id").GetGuid())]
            : [];

    private Task<Answer> SetAsync(Customer person, string[] roles) => op.PutAsync($"/api/ops/accounts/{person.Id}/roles", new { roles });

    private static object Goods(string fulfilment) =>
        new { kind = "mixed-passing", title = $"Passing {fulfilment}", price = 1_000, currency = "KRW", prepayment = "full", fulfilment, capacity = 1_000 };
}

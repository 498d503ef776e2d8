using System.Diagnostics;
using System.Net;
using System.Text.Json;
using OrderMall.Contracts;

namespace OrderMall.Bench;

/// <summary>An order that was accepted.</summary>
/// <param name="At">When the answer came (UTC).</param>
internal readonly record struct AcceptedOrder(Guid Id, DateTime At);

/// <summary>What customers got.</summary>
/// <param name="LatenciesMs">Of every answer, from the shortest.</param>
/// <param name="Refused">How many answers were another than 201, by status.</param>
internal sealed record Answers(IReadOnlyList<AcceptedOrder> Accepted, double[] LatenciesMs, IReadOnlyDictionary<string, int> Refused);

/// <summary>Customers who order books through the public door: each again as soon as it has its answer, or at a pace.</summary>
internal sealed class Customers : IDisposable
{
    private const int Books = 30;

    private readonly HttpClient[] _customers;
    private readonly Guid[] _books;
    private int _accepted;

    private Customers(HttpClient[] customers, Guid[] books) => (_customers, _books) = (customers, books);

    /// <summary>How many orders were accepted by now, in the run that is going on.</summary>
    public int Accepted => Volatile.Read(ref _accepted);

    public int Count => _customers.Length;

    /// <summary>Registers them, and what they buy.</summary>
    public static async Task<Customers> RegisterAsync(MallProcess mall, int count, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = mall.Address };
        var customers = new HttpClient[count];
        for (var i = 0; i < count; i++)
        {
            var email = $"customer{i}@bench.test";
            using var answer = await http.PostAsJsonAsync("api/account/register", new { email, password = Demo.Password, name = $"Customer {i}" }, cancellationToken);
            answer.EnsureSuccessStatusCode();
            customers[i] = await mall.SignInAsync(email, Demo.Password, cancellationToken);
        }

        return new Customers(customers, await RegisterBooksAsync(mall, cancellationToken));
    }

    /// <summary>Lets them order until so many orders were begun, or for so long.</summary>
    /// <param name="pace">How long after its last order each is to begin its next, however long that took: then a latency is from when an order was to begin. Without it as soon as it has its answer.</param>
    public async Task<Answers> OrderAsync(int orders, TimeSpan time, CancellationToken cancellationToken, TimeSpan? pace = null)
    {
        var begun = 0;
        _accepted = 0;
        var clock = Stopwatch.StartNew();
        var answers = await Task.WhenAll(_customers.Select((customer, i) => Task.Run(
            async () =>
            {
                var own = new List<(double Ms, HttpStatusCode Status, AcceptedOrder Order)>();
                var next = pace / _customers.Length * i;
                while (clock.Elapsed < time && (next is null || next < time) && Interlocked.Increment(ref begun) is var number && number <= orders)
                {
                    if (next - clock.Elapsed is { } wait && wait > TimeSpan.Zero)
                        await Task.Delay(wait, cancellationToken);
                    var late = clock.Elapsed - next ?? TimeSpan.Zero;
                    next += pace;
                    var one = await OrderAsync(customer, _books[number % _books.Length], cancellationToken);
                    own.Add(one with { Ms = one.Ms + late.TotalMilliseconds });
                }

                return own;
            },
            cancellationToken)));
        var all = answers.SelectMany(own => own).ToList();
        return new Answers(
            [.. all.Where(one => one.Status == HttpStatusCode.Created).Select(one => one.Order)],
            [.. all.Select(one => one.Ms).Order()],
            all.Where(one => one.Status != HttpStatusCode.Created).CountBy(one => $"{(int)one.Status}").ToDictionary());
    }

    public void Dispose()
    {
        foreach (var customer in _customers)
            customer.Dispose();
    }

    private async Task<(double Ms, HttpStatusCode Status, AcceptedOrder Order)> OrderAsync(HttpClient customer, Guid offerId, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        using var answer = await customer.PostAsJsonAsync("api/orders", new { offerId, quantity = 1, destination = "1 Main Street", paymentMethod = "card_ok" }, cancellationToken);
        var ms = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        if (answer.StatusCode != HttpStatusCode.Created)
            return (ms, answer.StatusCode, default);
        Interlocked.Increment(ref _accepted);
        return (ms, answer.StatusCode, new AcceptedOrder(Guid.Parse(answer.Headers.Location!.OriginalString.Split('/')[^1]), DateTime.UtcNow));
    }

    private static async Task<Guid[]> RegisterBooksAsync(MallProcess mall, CancellationToken cancellationToken)
    {
        using var merchant = await mall.SignInAsync("bookshop@mall.test", Demo.Password, cancellationToken);
        var ids = new Guid[Books];
        for (var i = 0; i < ids.Length; i++)
        {
            using var answer = await merchant.PostAsJsonAsync(
                "api/offers",
                new { kind = "book", title = $"Book {i + 1}", price = 12_000, currency = "KRW", prepayment = "full", fulfilment = "delivery", capacity = 1_000_000 },
                cancellationToken);
            answer.EnsureSuccessStatusCode();
            ids[i] = (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("id").GetGuid();
        }

        return ids;
    }
}

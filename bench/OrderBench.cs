using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Npgsql;
using OrderMall.Contracts;
using Spectre.Console;

namespace OrderMall.Bench;

/// <summary>Memory of the whole mall after so many orders.</summary>
internal sealed record MemorySample(int Orders, long Bytes);

/// <summary>What was measured of orders.</summary>
/// <param name="What">What was there besides.</param>
/// <param name="Searched">How many searches were answered meanwhile, by status.</param>
/// <param name="Disagreements">What the audit found; <see langword="null"/> where it was not done in its time.</param>
internal sealed record OrderBenchResult(
    string What,
    int Customers,
    int Accepted,
    IReadOnlyDictionary<string, int> Refused,
    TimeSpan Accepting,
    TimeSpan Settling,
    double[] LatenciesMs,
    IReadOnlyList<ProcessUsage> Usage,
    TimeSpan LoadCpu,
    IReadOnlyList<MemorySample> Memory,
    IReadOnlyDictionary<string, int> Searched,
    int? Disagreements);

/// <summary>
/// Books are ordered in a closed loop through the public door. An order counts as settled when every subscriber has had
/// every event of it: nothing waits in an outbox or in the broker any more, and the audit, which is not measured, finds nothing open.
/// </summary>
internal static class OrderBench
{
    private const int Offers = 30;
    // A mall that runs for longer than a minute has its code compiled; a fresh one spends a quarter of its time on that.
    private const int WarmUpOrders = 4000;
    private static readonly TimeSpan WarmUpTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan SettlingTime = TimeSpan.FromMinutes(10);

    public static async Task RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        AnsiConsole.MarkupLine("Opening a mall of its own…");
        await using var mall = await MallProcess.OpenAsync(cancellationToken);
        using var observer = await mall.SignInAsync("operator@mall.test", Demo.Password, cancellationToken);
        var offers = await RegisterOffersAsync(mall, cancellationToken);
        var customers = await RegisterCustomersAsync(mall, options.Customers, cancellationToken);

        AnsiConsole.MarkupLine($"Warming up with {WarmUpOrders} orders, which are not measured…");
        var warm = new Run(customers, offers, WarmUpOrders, WarmUpTime);
        await warm.GoAsync(cancellationToken);
        await SettleAsync(mall, cancellationToken);

        if (options.Searches is not null)
            await Filling.OffersAsync(mall, cancellationToken);
        var first = await MeasureAsync("orders", searches: 0);
        Report.Print(first);
        if (options.Searches is { } searches)
            await CompareAsync($"beside {searches} searches", searches);
        if (options.OldOrders is { } old)
        {
            var filled = await Filling.OrdersAsync(mall, old, cancellationToken);
            await CompareAsync($"after {filled} old orders", searches: 0);
        }

        foreach (var customer in customers)
            customer.Dispose();

        async Task CompareAsync(string what, int searches)
        {
            var second = await MeasureAsync(what, searches);
            Report.Print(second);
            Report.Print(first, second);
        }

        Task<OrderBenchResult> MeasureAsync(string what, int searches) =>
            OrderBench.MeasureAsync(what, searches, mall, observer, customers, offers, options, cancellationToken);
    }

    private static async Task<OrderBenchResult> MeasureAsync(
        string what, int searches, MallProcess mall, HttpClient observer, HttpClient[] customers, Guid[] offers, BenchOptions options, CancellationToken cancellationToken)
    {
        await using var search = new Searching(mall, searches);
        var before = ProcessUsage.OfTree(mall.Id);
        var loadBefore = Environment.CpuUsage.TotalTime;
        var memory = new List<MemorySample>();
        var run = new Run(customers, offers, options.Orders ?? int.MaxValue, options.Orders is null ? TimeSpan.FromSeconds(options.Seconds) : TimeSpan.FromHours(3));
        var clock = Stopwatch.StartNew();
        await AnsiConsole.Progress().AutoClear(true).StartAsync(async progress =>
        {
            var task = progress.AddTask($"{options.Customers} customers order, {what}", maxValue: options.Orders ?? options.Seconds);
            using var sampling = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var samples = SampleAsync(mall, run, memory, () => task.Value = options.Orders is null ? clock.Elapsed.TotalSeconds : run.Accepted, sampling.Token);
            await run.GoAsync(cancellationToken);
            await sampling.CancelAsync();
            await samples;
        });
        var accepting = clock.Elapsed;
        var searched = await search.StopAsync();
        await SettleAsync(mall, cancellationToken);
        var settling = clock.Elapsed;
        memory.Add(new MemorySample(run.Accepted, Total(mall)));

        var usage = ProcessUsage.OfTree(mall.Id)
            .Select(after => after with { Cpu = after.Cpu - (before.FirstOrDefault(b => b.Name == after.Name)?.Cpu ?? default) })
            .ToList();
        var load = Environment.CpuUsage.TotalTime - loadBefore;
        return new OrderBenchResult(
            what, options.Customers, run.Accepted, run.Refused, accepting, settling, run.LatenciesMs(), usage, load, memory, searched,
            await AuditAsync(observer, cancellationToken));
    }

    private static async Task<Guid[]> RegisterOffersAsync(MallProcess mall, CancellationToken cancellationToken)
    {
        using var merchant = await mall.SignInAsync("bookshop@mall.test", Demo.Password, cancellationToken);
        var ids = new Guid[Offers];
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

    private static async Task<HttpClient[]> RegisterCustomersAsync(MallProcess mall, int count, CancellationToken cancellationToken)
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

        return customers;
    }

    private static async Task SampleAsync(MallProcess mall, Run run, List<MemorySample> memory, Action progress, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (!cancellationToken.IsCancellationRequested)
        {
            progress();
            memory.Add(new MemorySample(run.Accepted, Total(mall)));
            try
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static long Total(MallProcess mall) => ProcessUsage.OfTree(mall.Id).Sum(usage => usage.MemoryBytes);

    // By what is cheap to ask: an audit asks for every order that ever was.
    private static async Task SettleAsync(MallProcess mall, CancellationToken cancellationToken)
    {
        var patience = Stopwatch.StartNew();
        List<(NpgsqlDataSource Database, string Table)> waiting = [(mall.Database("sidecar"), "event_queue")];
        await using (var server = mall.Database("postgres"))
        await using (var names = server.CreateCommand("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', 'sidecar')"))
        await using (var reader = await names.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                waiting.Add((mall.Database(reader.GetString(0)), "outbox"));
        }

        while (patience.Elapsed < SettlingTime && await AnyAsync())
            await Task.Delay(50, cancellationToken);
        foreach (var (database, _) in waiting)
            await database.DisposeAsync();

        // What one publishes may make another publish.
        async Task<bool> AnyAsync()
        {
            foreach (var (database, table) in waiting.Concat(waiting))
            {
                await using var command = database.CreateCommand($"SELECT EXISTS (SELECT 1 FROM {table})");
                if ((bool)(await command.ExecuteScalarAsync(cancellationToken))!)
                    return true;
            }

            return false;
        }
    }

    private static async Task<int?> AuditAsync(HttpClient observer, CancellationToken cancellationToken)
    {
        var patience = Stopwatch.StartNew();
        while (true)
        {
            using var answer = await observer.GetAsync("api/ops/audit", cancellationToken);
            if (!answer.IsSuccessStatusCode)
                return null;
            var disagreements = (await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)).GetProperty("disagreements").GetArrayLength();
            if (disagreements == 0 || patience.Elapsed > SettlingTime)
                return disagreements;
        }
    }

    /// <summary>One run of the closed loop.</summary>
    private sealed class Run(HttpClient[] customers, Guid[] offers, int orders, TimeSpan time)
    {
        private readonly List<double>[] _latencies = [.. customers.Select(_ => new List<double>())];
        private readonly Dictionary<string, int> _refused = [];
        private int _begun;
        private int _accepted;

        public int Accepted => Volatile.Read(ref _accepted);

        public IReadOnlyDictionary<string, int> Refused => _refused;

        public async Task GoAsync(CancellationToken cancellationToken)
        {
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(customers.Select((customer, index) => Task.Run(async () =>
            {
                while (clock.Elapsed < time && Interlocked.Increment(ref _begun) is var number && number <= orders)
                    await OrderAsync(customer, offers[number % offers.Length], _latencies[index], cancellationToken);
            }, cancellationToken)));
        }

        public double[] LatenciesMs() => [.. _latencies.SelectMany(ms => ms).Order()];

        private async Task OrderAsync(HttpClient customer, Guid offerId, List<double> latencies, CancellationToken cancellationToken)
        {
            var start = Stopwatch.GetTimestamp();
            using var answer = await customer.PostAsJsonAsync(
                "api/orders", new { offerId, quantity = 1, destination = "1 Main Street", paymentMethod = "card_ok" }, cancellationToken);
            await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            if (answer.StatusCode == HttpStatusCode.Created)
            {
                Interlocked.Increment(ref _accepted);
                return;
            }

            lock (_refused)
            {
                var status = $"{(int)answer.StatusCode}";
                _refused[status] = _refused.GetValueOrDefault(status) + 1;
            }
        }
    }
}

namespace OrderMall.Bench;

/// <summary>People without a token who search in a closed loop, each over a connection of their own: for what there is not, not of this kind, and everywhere; for a day, at a place, by price.</summary>
internal sealed class Searching : IAsyncDisposable
{
    private static readonly string[] Searches = ["q=zz7qz", $"kind=table&q={Uri.EscapeDataString("요가")}", "q=e",
        $"date={Day(30)}&place=hall%207&available=1", $"kind=table&from={Day(10)}&to={Day(40)}&sort=price", "merchantId=merchant%207&sort=date", "sort=-price"];

    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _searching;
    private readonly Dictionary<string, int> _answers = [];
    private uint _searches;

    /// <summary>Begins.</summary>
    /// <param name="people">How many search at once.</param>
    public Searching(MallProcess mall, int people) =>
        _searching = Task.WhenAll(Enumerable.Range(0, people).Select(_ => Task.Run(() => LoopAsync(mall, _stopping.Token))));

    /// <summary>Ends it.</summary>
    /// <returns>How many answers there were, by status.</returns>
    public async Task<IReadOnlyDictionary<string, int>> StopAsync()
    {
        await _stopping.CancelAsync();
        await _searching;
        return _answers;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
    }

    private static string Day(int ahead) => DateTime.UtcNow.AddDays(ahead).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    private async Task LoopAsync(MallProcess mall, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = mall.Address };
        while (!cancellationToken.IsCancellationRequested)
        {
            string status;
            try
            {
                using var answer = await http.GetAsync($"api/offers?{Searches[Interlocked.Increment(ref _searches) % (uint)Searches.Length]}", cancellationToken);
                status = $"{(int)answer.StatusCode}";
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (HttpRequestException)
            {
                status = "not at all";
            }

            lock (_answers)
                _answers[status] = _answers.GetValueOrDefault(status) + 1;
        }
    }
}

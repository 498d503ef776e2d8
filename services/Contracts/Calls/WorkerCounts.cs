namespace OrderMall.Contracts.Calls;

/// <summary>Asks how many workers of a merchant can be sent somewhere on a day. <c>POST /worker-counts</c> of dispatch.</summary>
public sealed record WorkerCountRequest(string MerchantId, DateOnly Date);

/// <summary>The answer to a <see cref="WorkerCountRequest"/>.</summary>
/// <param name="Workers">The merchant's workers, without those who have that day off.</param>
public sealed record WorkerCountAnswer(int Workers);

namespace OrderMall.People;

/// <summary>What an order may go through, by the fulfilment of its offer.</summary>
public static class OrderLife
{
    private static readonly string[] TooLate = ["Shipped", "Delivered", "Completed"];
    private static readonly string[] Ends = ["Cancelling", "Cancelled", "Rejected"];

    private static readonly Dictionary<string, string[]> Lives = new()
    {
        ["none"] = ["Accepted", "Received", "Confirmed", "Completed"],
        ["confirmation"] = ["Accepted", "Received", "Confirmed", "Completed"],
        ["delivery"] = ["Accepted", "Received", "Preparing", "Shipped", "Delivered"],
        ["assignment"] = ["Accepted", "Received", "Assigned", "Completed"],
    };

    /// <summary>Every fulfilment policy there is.</summary>
    public static IReadOnlyCollection<string> Fulfilments => Lives.Keys;

    /// <summary>The statuses of an order that nobody cancels or refuses.</summary>
    public static string[] Of(string fulfilment) => Lives[fulfilment];

    /// <summary>Whether an order may have had these statuses, oldest first.</summary>
    public static bool IsPossible(string fulfilment, IReadOnlyList<string?> history)
    {
        if (history.Count == 0 || history[0] is not ("Accepted" or "AwaitingPayment"))
            return false;
        for (var step = 1; step < history.Count; step++)
        {
            var (before, now) = (history[step - 1], history[step]);
            var isPossible = before switch
            {
                "AwaitingPayment" => now == "Accepted" || Ends.Contains(now),
                "Cancelled" or "Rejected" => false,
                // What could not be stopped any more is back where it was.
                "Cancelling" => now is "Cancelled" or "Rejected" || now == history[step - 2],
                _ => now == Next(fulfilment, before) || (Ends.Contains(now) && !TooLate.Contains(before)),
            };
            if (!isPossible)
                return false;
        }

        return true;
    }

    private static string? Next(string fulfilment, string? status)
    {
        var life = Lives[fulfilment];
        return life.SkipWhile(step => step != status).Skip(1).FirstOrDefault();
    }
}

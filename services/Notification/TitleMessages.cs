namespace OrderMall.Notification;

/// <summary>What publishers are told of the titles they register.</summary>
internal static class TitleMessages
{
    public static Letter Write(CloudEvent<TitleEvent> e)
    {
        var title = e.Data;
        var what = $"{title.Title} by {title.Author}";
        var (subject, text) = e.Type switch
        {
            TitleEvent.Registered => ("Title in review", $"We have your registration of {what}. You are told when it has been decided on."),
            TitleEvent.Approved => ("Title approved", $"{what} is approved and goes on sale: {title.Copies} copies at {OrderMessages.Money(title.Price, title.Currency)}."),
            TitleEvent.Rejected => ("Title rejected", $"{what} was not approved{OrderMessages.Because(title.Reason)}."),
            TitleEvent.Cancelled => ("Title withdrawn", $"Your registration of {what} is withdrawn."),
            _ => throw new ArgumentException($"Nobody is told of {e.Type}.", nameof(e)),
        };
        return new Letter(title.PublisherId, new Message(Message.IdOf(e.Id, title.At, title.Version), OrderId: null, $"{subject}: {title.Title}", text, title.At));
    }
}

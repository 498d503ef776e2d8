namespace OrderMall.Notification;

/// <summary>What publishers are told of the titles they register.</summary>
internal static class TitleMessages
{
    public static Letter Write(CloudEvent<TitleEvent> e, Words words)
    {
        var title = e.Data;
        // The texts are named after the events; what was on sale is told so.
        var key = e.Type == TitleEvent.Cancelled && title.WasApproved ? "Withdrawn" : e.Type["Title".Length..];
        var (subject, text) = words.Say($"Title:{key}", name => name switch
        {
            "title" => title.Title,
            "what" => words.Part("part:title", part => part switch { "title" => title.Title, "author" => title.Author, _ => null }),
            "copies" => $"{title.Copies}",
            "amount" => OrderMessages.Money(title.Price, title.Currency),
            "because" => words.Because(title.Reason),
            _ => null,
        });
        return new Letter(title.PublisherId, new Message(Message.IdOf(e.Id, title.At, title.Version), OrderId: null, subject, text, title.At));
    }
}

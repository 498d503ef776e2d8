namespace OrderMall.Notification;

/// <summary>What people are told of what they may do in the mall: how their applications ended, and what others gave them and took.</summary>
internal static class AccountMessages
{
    public static readonly IReadOnlyCollection<string> Types = [AccountEvent.RolesChanged, AccountEvent.ApplicationApproved, AccountEvent.ApplicationRejected];

    public static Letter Write(CloudEvent<AccountEvent> e, Words words)
    {
        var account = e.Data;
        // The texts are named after the events.
        var (subject, text) = words.Say(e.Type, name => name switch
        {
            "role" => account.Role is { } role ? words.Role(role) : "",
            "because" => words.Because(account.Reason),
            "given" => words.Roles("part:given", account.Given ?? []),
            "taken" => words.Roles("part:taken", account.Taken ?? []),
            "offsale" => (account.Taken ?? []).Any(taken => taken is Roles.Merchant or Roles.Publisher) ? words.Part("part:offsale") : "",
            _ => null,
        });
        return new Letter(account.AccountId, new Message(Message.IdOf(e.Id, account.At, version: 1), OrderId: null, subject, text, account.At));
    }
}

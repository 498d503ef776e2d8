namespace OrderMall.Notification;

/// <summary>An email.</summary>
internal sealed class Email : Outgoing
{
    /// <summary>Whether it is one that confirms an address: <see cref="AddressBook"/>.</summary>
    public bool IsCode { get; init; }
}

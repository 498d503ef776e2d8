using System.Net.Mail;
using MailKit.Security;
using MimeKit;

namespace OrderMall.Notification;

/// <summary>The server that sends emails: section <c>Smtp</c>.</summary>
internal sealed class SmtpOptions
{
    private const string Section = "Smtp";
    private const int PortOfImplicitTls = 465;
    private static readonly TimeSpan LongestTimeLimit = TimeSpan.FromMinutes(1);

    /// <summary>Its name or address.</summary>
    public string Host { get; set; } = "";

    /// <summary>Its port.</summary>
    public int Port { get; set; } = 25;

    /// <summary>Whom emails are from, such as <c>OrderMall &lt;mall@example.com&gt;</c>.</summary>
    public string From { get; set; } = "";

    /// <summary>Whom we sign in as; nobody if empty.</summary>
    public string? User { get; set; }

    /// <summary>The user's password.</summary>
    public string? Password { get; set; }

    /// <summary>Whether the connection must be encrypted: from its beginning on port 465, by STARTTLS on others.</summary>
    public bool EnableSsl { get; set; }

    internal SecureSocketOptions Encryption => this switch
    {
        { EnableSsl: false } => SecureSocketOptions.None,
        { Port: PortOfImplicitTls } => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.StartTls,
    };

    /// <summary>How long the server has for one email.</summary>
    public TimeSpan TimeLimit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The pause after the first attempt; it doubles with each.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Reads the section.</summary>
    /// <returns><see langword="null"/> where no server is configured.</returns>
    /// <exception cref="InvalidOperationException">It is not complete or not possible; the message names the key.</exception>
    public static SmtpOptions? Read(IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        if (section.GetChildren().All(setting => string.IsNullOrEmpty(setting.Value)))
            return null;
        var options = section.Get<SmtpOptions>(binder => binder.ErrorOnUnknownConfiguration = true)!;
        return options.Mistake() is { } mistake ? throw new InvalidOperationException($"{Section}:{mistake}") : options;
    }

    private string? Mistake() => this switch
    {
        { Host: "" } => "Host is not set: give the name of the SMTP server, or none of the section's settings to send no emails.",
        { Port: < 1 or > ushort.MaxValue } => $"Port is {Port}: it must be from 1 to {ushort.MaxValue}.",
        { Port: PortOfImplicitTls, EnableSsl: false } => $"Port is {Port}, where connections begin encrypted: set EnableSsl.",
        { From: "" } => "From is not set: give the address that emails come from, such as 'OrderMall <mall@example.com>'.",
        _ when !MailAddress.TryCreate(From, out _) || !MailboxAddress.TryParse(From, out _) => $"From is '{From}': it must be an email address, such as 'OrderMall <mall@example.com>'.",
        _ when string.IsNullOrEmpty(User) != string.IsNullOrEmpty(Password) => $"{(string.IsNullOrEmpty(User) ? "User" : "Password")} is not set: give both User and Password, or neither.",
        _ when TimeLimit <= TimeSpan.Zero || TimeLimit > LongestTimeLimit => $"TimeLimit is {TimeLimit}: it must be more than 0 and at most {LongestTimeLimit}.",
        _ when RetryAfter <= TimeSpan.Zero || RetryAfter > LongestTimeLimit => $"RetryAfter is {RetryAfter}: it must be more than 0 and at most {LongestTimeLimit}.",
        _ => null,
    };
}

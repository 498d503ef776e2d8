using System.Net.Mail;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using MailKit.Net.Smtp;
using MimeKit;
using MimeKit.Text;
using SmtpClient = MailKit.Net.Smtp.SmtpClient;

namespace OrderMall.Notification;

/// <summary>Hands emails to the SMTP server.</summary>
internal sealed partial class Smtp(SmtpOptions options, Texts texts) : ICarrier<Email>
{
    // 530 to 538: the server wants us to sign in in another way. That is for the operator to mend, not the email's fault.
    private const int FirstOfSigningIn = 530;
    private const int LastOfSigningIn = 538;
    private const int FirstOfPermanent = 500;

    private readonly MailboxAddress _from = MailboxAddress.Parse(options.From);

    public TimeSpan TimeLimit => options.TimeLimit;

    public TimeSpan RetryAfter => options.RetryAfter;

    public async Task<Refusal?> SendAsync(Email message, Recipient to)
    {
        if (to.Person is not { } person)
            return new Refusal("the person's address is not known yet");
        // What looks like "name <address>" would be written to another address than the account's.
        if (!MailAddress.TryCreate(person.Email, out var plain) || plain.Address != person.Email || !MailboxAddress.TryParse(person.Email, out var address))
            return new Refusal("nobody can be written to at the person's address", IsFinal: true);
        using var limit = new CancellationTokenSource(options.TimeLimit);
        // A private authority need not tell the world what it revoked.
        using var client = new SmtpClient { CheckCertificateRevocation = false };
        try
        {
            using var mail = Write(message, address, person.Name, new Words(texts, to.Language));
            await client.ConnectAsync(options.Host, options.Port, options.Encryption, limit.Token);
            if (options.User is { Length: > 0 } user)
                await client.AuthenticateAsync(user, options.Password!, limit.Token);
            await client.SendAsync(mail, limit.Token);
        }
        catch (Exception e)
        {
            // Whatever it is, it must not keep the other emails.
            return new Refusal(Describe(e), IsPermanent(e));
        }

        try
        {
            await client.DisconnectAsync(quit: true, limit.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or SmtpProtocolException)
        {
            // It was taken before we said goodbye.
        }

        return null;
    }

    // Plain text, and nothing of what people wrote in a header but the subject, on one line.
    private MimeMessage Write(Email email, MailboxAddress to, string name, Words words) => new([_from], [to], OneLine(email.Subject), new TextPart(TextFormat.Plain)
    {
        // A name may be anything that somebody wanted to have read: what mail programs would make a link of is no name.
        Text = words.Part(Name().IsMatch(name) ? "Email" : "EmailWithoutName", part => part switch { "name" => name, "text" => email.Text, _ => null }),
    })
    {
        // SMTP has no transactions: who crashes between the server's "250" and its own commit sends again. The id is
        // the same then, and servers and mail programs that look at it show one email.
        MessageId = $"{email.Id:N}@{_from.Domain}",
        Headers = { { HeaderId.AutoSubmitted, "auto-generated" } },
    };

    [GeneratedRegex(@"^[\p{L}\p{M}\p{Nd}]+(?:(?:[ '’-]|\. )[\p{L}\p{M}\p{Nd}]+)*\.?$")]
    private static partial Regex Name();

    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? ' ' : c));

    private static bool IsPermanent(Exception e) =>
        e is SmtpCommandException { StatusCode: var status } && (int)status is >= FirstOfPermanent and not (>= FirstOfSigningIn and <= LastOfSigningIn);

    private string Describe(Exception e) => e switch
    {
        OperationCanceledException => $"the server did not answer within {options.TimeLimit.TotalSeconds} s",
        SmtpCommandException { StatusCode: var status } => $"the server answered {(int)status}",
        SocketException socket => $"the connection failed ({socket.SocketErrorCode})",
        { InnerException: { } inner } => Describe(inner),
        _ => $"it could not be sent ({e.GetType().Name})",
    };
}

using System.ComponentModel.DataAnnotations;

namespace OrderMall.Notification;

/// <summary>What of notification is configured: section <c>Notification</c>.</summary>
internal sealed class NotificationOptions
{
    /// <summary><see cref="AnnouncementsPerDay"/> of a demo, whose few merchants are everybody who tries it.</summary>
    public const int AnnouncementsOfDemo = 1000;

    /// <summary>Of how many new offers of one merchant everybody with an interest is told within a day; the others are on sale without. 20 unless configured.</summary>
    [Range(0, 10_000, ErrorMessage = "Notification:AnnouncementsPerDay must be a whole number of offers, from 0 to 10000.")]
    public int AnnouncementsPerDay { get; set; } = 20;
}

namespace OrderMall.Notification;

/// <summary>Goes on with announcements from the last person who was told, so many people at a time, and forgets those that count no more.</summary>
internal sealed class AnnouncementJob(IServiceScopeFactory scopes, TimeProvider time, Mailbox mailbox, ILogger<AnnouncementJob> logger)
    : DueWork<NotificationDb>(Untold, scopes, time, logger)
{
    // Beyond the time limit of a statement; each renews it.
    private static readonly DueRows Untold = new("announcement", "id", TimeSpan.FromSeconds(20));
    private readonly TimeProvider _time = time;

    protected override async Task ResumeAsync(IServiceProvider services, Guid id, CancellationToken cancellationToken)
    {
        var db = services.GetRequiredService<NotificationDb>();
        if (await db.Announcements.Where(announcement => announcement.Id == id && announcement.IsTold).ExecuteDeleteAsync(cancellationToken) > 0)
            return;
        while (await mailbox.AnnounceAsync(id, _time.Now() + Untold.Lease, cancellationToken))
        {
        }

        var forgetAt = _time.Now() + Announcement.Memory;
        await db.Announcements.Where(announcement => announcement.Id == id)
            .ExecuteUpdateAsync(announcement => announcement.SetProperty(a => a.IsTold, true).SetProperty(a => a.DueAt, forgetAt), cancellationToken);
    }
}

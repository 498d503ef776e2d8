using Microsoft.EntityFrameworkCore;
using OrderMall.ServiceDefaults.Database;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>Parked events in the service's database.</summary>
internal sealed class DeadLetterTable(MallDb db) : IDeadLetterStore
{
    public Task ParkAsync(DeadLetter letter, CancellationToken cancellationToken) => db.Database.ExecuteSqlAsync(
        $"""
         INSERT INTO dead_letter (event_id, topic, type, envelope, parked_at, reason)
         VALUES ({letter.EventId}, {letter.Topic}, {letter.Type}, {letter.Envelope}, {letter.ParkedAt}, {letter.Reason})
         ON CONFLICT (event_id) DO UPDATE SET reason = EXCLUDED.reason
         """,
        cancellationToken);

    public Task<List<DeadLetter>> ListAsync(DeadLetter? after, int most, CancellationToken cancellationToken)
    {
        var letters = db.DeadLetters.AsNoTracking();
        if (after is not null)
            letters = letters.Where(letter => letter.ParkedAt > after.ParkedAt || (letter.ParkedAt == after.ParkedAt && letter.EventId.CompareTo(after.EventId) > 0));
        return letters.OrderBy(letter => letter.ParkedAt).ThenBy(letter => letter.EventId).Take(most).ToListAsync(cancellationToken);
    }

    public Task<List<DeadLetter>> DescribeAsync(int most, CancellationToken cancellationToken) => db.DeadLetters
        .OrderBy(letter => letter.ParkedAt).ThenBy(letter => letter.EventId).Take(most)
        .Select(letter => new DeadLetter { EventId = letter.EventId, Topic = letter.Topic, Type = letter.Type, Envelope = "", ParkedAt = letter.ParkedAt, Reason = letter.Reason })
        .ToListAsync(cancellationToken);

    public Task<DeadLetter?> FindAsync(string eventId, CancellationToken cancellationToken) =>
        db.DeadLetters.AsNoTracking().FirstOrDefaultAsync(letter => letter.EventId == eventId, cancellationToken);

    public async Task<bool> RemoveAsync(string eventId, CancellationToken cancellationToken) =>
        await db.DeadLetters.Where(letter => letter.EventId == eventId).ExecuteDeleteAsync(cancellationToken) > 0;

    public Task<long> CountAsync(CancellationToken cancellationToken) => db.DeadLetters.LongCountAsync(cancellationToken);
}

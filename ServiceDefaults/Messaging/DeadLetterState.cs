using OrderMall.ServiceDefaults.Api;
using OrderMall.ServiceDefaults.Dapr;

namespace OrderMall.ServiceDefaults.Messaging;

/// <summary>
/// Parked events in the state store, all under one key: there are few, if any. Where there is no room for another it stays on the
/// dead letter topic and is tried again from there.
/// </summary>
internal sealed class DeadLetterState(StateStore state) : IDeadLetterStore
{
    private const string Key = "dead-letters";
    private const int Most = 200;
    // Together, in characters. A sidecar takes no request of more than 4 MiB.
    private const int MostText = 1024 * 1024;

    public Task ParkAsync(DeadLetter letter, CancellationToken cancellationToken) => state.ChangeAsync(
        Key,
        ServiceDefaultsJson.Default.ListDeadLetter,
        stored =>
        {
            var letters = stored ?? [];
            if (letters.FindIndex(parked => parked.EventId == letter.EventId) is >= 0 and var known)
                letters[known] = letters[known] with { Reason = letter.Reason };
            else if (letters.Count < Most && letters.Sum(parked => parked.Envelope.Length) + letter.Envelope.Length <= MostText)
                letters.Add(letter);
            else
                throw new SidecarException($"There is no room to park another event beside {letters.Count} others: replay or discard some of those.");
            return letters;
        },
        cancellationToken);

    public async Task<List<DeadLetter>> ListAsync(DeadLetter? after, int most, CancellationToken cancellationToken)
    {
        var letters = await AllAsync(cancellationToken);
        return [.. letters.Where(letter => after is null || Order(letter, after) > 0).Take(most)];
    }

    public async Task<List<DeadLetter>> DescribeAsync(int most, CancellationToken cancellationToken) =>
        [.. (await ListAsync(after: null, most, cancellationToken)).Select(letter => letter with { Envelope = "" })];

    public async Task<DeadLetter?> FindAsync(string eventId, CancellationToken cancellationToken) =>
        (await AllAsync(cancellationToken)).Find(letter => letter.EventId == eventId);

    public async Task<bool> RemoveAsync(string eventId, CancellationToken cancellationToken) => await state.ChangeAsync(
        Key, ServiceDefaultsJson.Default.ListDeadLetter, letters => letters?.RemoveAll(letter => letter.EventId == eventId) > 0 ? letters : null, cancellationToken) is not null;

    public async Task<long> CountAsync(CancellationToken cancellationToken) => (await AllAsync(cancellationToken)).Count;

    private async Task<List<DeadLetter>> AllAsync(CancellationToken cancellationToken)
    {
        var letters = (await state.GetAsync(Key, ServiceDefaultsJson.Default.ListDeadLetter, cancellationToken)).Value ?? [];
        letters.Sort(Order);
        return letters;
    }

    private static int Order(DeadLetter one, DeadLetter other) =>
        one.ParkedAt.CompareTo(other.ParkedAt) is not 0 and var earlier ? earlier : string.CompareOrdinal(one.EventId, other.EventId);
}

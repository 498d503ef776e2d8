using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OrderMall.Notification;

/// <summary>Something to tell people, however it reaches them.</summary>
/// <param name="Id">The same for everybody who is told.</param>
/// <param name="OrderId">The order it is about, if it is about one.</param>
/// <param name="Subject">One line.</param>
/// <param name="Text">The whole message, plain text.</param>
/// <param name="At">When it happened (UTC).</param>
internal sealed record Message(Guid Id, Guid? OrderId, string Subject, string Text, DateTimeOffset At)
{
    /// <summary>
    /// The id of an event's message: a UUIDv7 (RFC 9562) of the time it happened, with the version of its aggregate as the
    /// counter that sorts what happened in the same millisecond. The rest follows from the event's id, so that the same
    /// event gives the same message.
    /// </summary>
    public static Guid IdOf(string eventId, DateTimeOffset at, long version)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(eventId), hash);
        var id = hash[..16];
        Span<byte> milliseconds = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(milliseconds, at.ToUnixTimeMilliseconds());
        milliseconds[2..].CopyTo(id);
        BinaryPrimitives.WriteUInt16BigEndian(id[6..], (ushort)(0x7000 | (version & 0x0FFF)));
        id[8] = (byte)(0x80 | (id[8] & 0x3F));
        return new Guid(id, bigEndian: true);
    }
}

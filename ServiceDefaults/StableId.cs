using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace OrderMall.ServiceDefaults;

/// <summary>Ids that are the same whenever they are made of the same, so that what is made again is recognised.</summary>
public static class StableId
{
    /// <summary>
    /// A UUIDv7 (RFC 9562) of the time something happened, with the version of its aggregate as the counter that sorts what happened
    /// in the same millisecond. The rest follows from its name.
    /// </summary>
    /// <param name="name">What nothing else is called.</param>
    public static Guid Of(string name, DateTimeOffset at, long version)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        var id = hash[..16];
        Span<byte> milliseconds = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(milliseconds, at.ToUnixTimeMilliseconds());
        milliseconds[2..].CopyTo(id);
        BinaryPrimitives.WriteUInt16BigEndian(id[6..], (ushort)(0x7000 | (version & 0x0FFF)));
        id[8] = (byte)(0x80 | (id[8] & 0x3F));
        return new Guid(id, bigEndian: true);
    }
}

using ArtifactTrust.Formats;

namespace ArtifactTrust.Scanning.Data;

/// <summary>Undoes Snappy's compression of a block.</summary>
/// <remarks>Spec: Snappy compressed format description (format_description.txt, 2011).</remarks>
internal static class Snappy
{
    /// <summary>Decompresses a block whose size is known from elsewhere.</summary>
    /// <exception cref="MalformedDataException">It is not of this form, or of another size.</exception>
    internal static byte[] Decompress(ReadOnlySpan<byte> data, int size)
    {
        var at = 0;
        long length = 0;
        for (var shift = 0; ; shift += 7)
        {
            if (at >= data.Length || shift > 28)
            {
                throw Malformed("its length");
            }
            length |= (long)(data[at] & 0x7F) << shift;
            if (data[at++] < 0x80)
            {
                break;
            }
        }
        if (length != size)
        {
            throw Malformed("its length is not the page's");
        }
        var output = new byte[size];
        var used = 0;
        while (at < data.Length)
        {
            var tag = data[at++];
            if ((tag & 3) == 0)
            {
                var count = (tag >> 2) + 1;
                if (count > 60)
                {
                    var extra = count - 60;
                    count = (int)Math.Min(int.MaxValue - 1, Little(data, ref at, extra)) + 1;
                }
                if (count > data.Length - at || count > size - used)
                {
                    throw Malformed("a literal");
                }
                data.Slice(at, count).CopyTo(output.AsSpan(used));
                at += count;
                used += count;
                continue;
            }
            var (copied, offset) = (tag & 3) switch
            {
                1 => (((tag >> 2) & 7) + 4, ((tag >> 5) << 8) | (int)Little(data, ref at, 1)),
                2 => ((tag >> 2) + 1, (int)Little(data, ref at, 2)),
                _ => ((tag >> 2) + 1, (int)Math.Min(int.MaxValue, Little(data, ref at, 4))),
            };
            if (offset == 0 || offset > used || copied > size - used)
            {
                throw Malformed("a copy");
            }
            for (var i = 0; i < copied; i++, used++)
            {
                output[used] = output[used - offset];
            }
        }
        return used == size ? output : throw Malformed("its end");
    }

    private static long Little(ReadOnlySpan<byte> data, ref int at, int bytes)
    {
        if (bytes > data.Length - at)
        {
            throw Malformed("its end");
        }
        long value = 0;
        for (var i = 0; i < bytes; i++)
        {
            value |= (long)data[at++] << (8 * i);
        }
        return value;
    }

    private static MalformedDataException Malformed(string what) => new("Snappy", "block", $"{what} is damaged");
}

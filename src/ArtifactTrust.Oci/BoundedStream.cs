namespace ArtifactTrust.Oci;

/// <summary>Reads streams of unknown length with a limit.</summary>
internal static class BoundedStream
{
    /// <summary>Reads to the end. Memory grows with what arrives.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="maximumBytes">The most that is read.</param>
    /// <param name="tooLong">Makes the exception where there is more.</param>
    /// <param name="cancellation">Stops the work.</param>
    internal static async Task<byte[]> ReadAllAsync(
        Stream stream,
        int maximumBytes,
        Func<Exception> tooLong,
        CancellationToken cancellation
    )
    {
        var (bytes, more) = await ReadUpToAsync(stream, maximumBytes, cancellation).ConfigureAwait(false);
        return more ? throw tooLong() : bytes;
    }

    /// <summary>The first bytes of a stream.</summary>
    /// <param name="Bytes">The bytes.</param>
    /// <param name="More">Whether there were more.</param>
    internal sealed record Head(byte[] Bytes, bool More);

    /// <summary>Reads at most so many bytes, and says whether there were more.</summary>
    internal static async Task<Head> ReadUpToAsync(Stream stream, int maximumBytes, CancellationToken cancellation)
    {
        var buffer = new byte[Math.Min(maximumBytes + 1, 16 << 10)];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                return new Head(buffer[..length], false);
            }
            length += read;
            if (length > maximumBytes)
            {
                return new Head(buffer[..maximumBytes], true);
            }
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min((long)maximumBytes + 1, 2L * buffer.Length));
            }
        }
    }
}

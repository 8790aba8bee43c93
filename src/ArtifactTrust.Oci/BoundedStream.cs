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

    /// <summary>Reads at most so many bytes, and says whether there were more.</summary>
    internal static async Task<(byte[] Bytes, bool More)> ReadUpToAsync(Stream stream, int maximumBytes, CancellationToken cancellation)
    {
        var buffer = new byte[Math.Min(maximumBytes + 1, 16 << 10)];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length), cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                return (buffer[..length], false);
            }
            length += read;
            if (length > maximumBytes)
            {
                return (buffer[..maximumBytes], true);
            }
            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, (int)Math.Min((long)maximumBytes + 1, 2L * buffer.Length));
            }
        }
    }
}

using System.Security.Cryptography;

namespace ArtifactTrust.Oci;

/// <summary>Writes files that are either whole or not there.</summary>
internal static class DurableFile
{
    /// <summary>Writes to a new file beside the path, and gives it the path's name when all is on the disk.</summary>
    internal static async Task WriteAsync(string path, Func<FileStream, Task> write, CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var full = Path.GetFullPath(path);
        var temporary = Path.Join(Path.GetDirectoryName(full), $".{RandomNumberGenerator.GetHexString(16, lowercase: true)}.tmp");
        try
        {
            var stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
            await using (stream.ConfigureAwait(false))
            {
                await write(stream).ConfigureAwait(false);
                cancellation.ThrowIfCancellationRequested();
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, full, overwrite: true);
        }
        catch (UnauthorizedAccessException e)
        {
            File.Delete(temporary);
            throw new IOException($"'{path}' cannot be written: {e.Message}", e);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}

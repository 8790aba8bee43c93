using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>The file <c>index.json</c> of an image layout.</summary>
/// <remarks>Writers take turns by a lock on the file <c>index.json.lock</c>, which stays: removing it would let two in at once.</remarks>
internal sealed class LayoutIndex(FileTree tree)
{
    internal const string FileName = "index.json";

    private const string LockName = "index.json.lock";

    private static readonly TimeSpan LockTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LockPause = TimeSpan.FromMilliseconds(15);

    /// <summary>Reads the index as it is now.</summary>
    internal ImageIndex Read() => ImageIndex.Parse(ReadBytes());

    /// <summary>Writes an index of nothing, unless there is one, which another process may have begun to fill.</summary>
    internal void Create()
    {
        var path = Path.Join(tree.Path, FileName);
        if (File.Exists(path))
        {
            return;
        }
        var empty = ManifestJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion", 2);
            writer.WriteString("mediaType", OciMediaTypes.ImageIndex);
            writer.WriteStartArray("manifests");
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
        try
        {
            DurableFile.Write(path, empty, replace: false);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another was faster.
        }
    }

    /// <summary>Lists a manifest, and takes the tag from any other that has it. All else in the index stays as it is.</summary>
    internal Task AddAsync(Descriptor descriptor, string? tag, CancellationToken cancellation) =>
        UpdateAsync(_ => Task.FromResult<Descriptor?>(descriptor), tag, cancellation);

    /// <summary>Lists what is made from the entries as they are while nobody else writes, and takes the tag from any other that has it.</summary>
    internal async Task UpdateAsync(Func<IReadOnlyList<Descriptor>, Task<Descriptor?>> make, string? tag, CancellationToken cancellation)
    {
        var held = await LockAsync(cancellation).ConfigureAwait(false);
        await using (held.ConfigureAwait(false))
        {
            var bytes = ReadBytes();
            var entries = ImageIndex.Parse(bytes).Manifests;
            if (await make(entries).ConfigureAwait(false) is not { } descriptor)
            {
                return;
            }
            if (entries.Any(e => e.Digest.Equals(descriptor.Digest) && (tag is null || TagOf(e) == tag)))
            {
                return;
            }
            var root = StrictJson.Parse(bytes, ImageIndex.FormatName, Limits.OciManifestBytes);
            var merged = ManifestJson.Write(writer => Write(writer, root, entries, descriptor, tag));
            StrictJson.CheckLength(merged.Length, ImageIndex.FormatName, Limits.OciManifestBytes);
            await WriteAsync(merged, cancellation).ConfigureAwait(false);
        }
    }

    internal static byte[] ReadFile(FileTree tree, string name, int maximumBytes, string format)
    {
        using var file = tree.OpenRead(name);
        return ReadAll(file, maximumBytes, format);
    }

    internal static byte[] ReadAll(Stream file, int maximumBytes, string format)
    {
        StrictJson.CheckLength(file.Length, format, maximumBytes);
        var bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static void Write(Utf8JsonWriter writer, JsonElement root, IReadOnlyList<Descriptor> entries, Descriptor added, string? tag)
    {
        writer.WriteStartObject();
        foreach (var member in root.EnumerateObject())
        {
            if (member.Name != "manifests")
            {
                member.WriteTo(writer);
                continue;
            }
            writer.WriteStartArray("manifests");
            var i = 0;
            foreach (var entry in member.Value.EnumerateArray())
            {
                var descriptor = entries[i++];
                if (tag is not null && TagOf(descriptor) == tag)
                {
                    WriteUntagged(writer, entry);
                }
                else if (tag is null || !descriptor.Digest.Equals(added.Digest) || TagOf(descriptor) is not null)
                {
                    entry.WriteTo(writer);
                }
                // Else it is the same manifest without a tag, which the new entry stands for.
            }
            var annotations = new Dictionary<string, string>(added.Annotations, StringComparer.Ordinal);
            // A tag comes from the caller only, never from what the manifest says of itself.
            annotations.Remove(Descriptor.RefNameAnnotation);
            if (tag is not null)
            {
                annotations[Descriptor.RefNameAnnotation] = tag;
            }
            (added with { Annotations = annotations }).WriteTo(writer);
            writer.WriteEndArray();
        }
        writer.WriteEndObject();
    }

    private static void WriteUntagged(Utf8JsonWriter writer, JsonElement entry)
    {
        writer.WriteStartObject();
        foreach (var member in entry.EnumerateObject())
        {
            if (member.Name != "annotations")
            {
                member.WriteTo(writer);
                continue;
            }
            writer.WriteStartObject("annotations");
            foreach (var annotation in member.Value.EnumerateObject())
            {
                if (annotation.Name != Descriptor.RefNameAnnotation)
                {
                    annotation.WriteTo(writer);
                }
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static string? TagOf(Descriptor entry) => entry.Annotations.GetValueOrDefault(Descriptor.RefNameAnnotation);

    private byte[] ReadBytes() => ReadFile(tree, FileName, Limits.OciManifestBytes, ImageIndex.FormatName);

    private Task WriteAsync(byte[] bytes, CancellationToken cancellation) =>
        DurableFile.WriteAsync(Path.Join(tree.Path, FileName), stream => stream.WriteAsync(bytes, cancellation).AsTask(), cancellation);

    private async Task<FileStream> LockAsync(CancellationToken cancellation)
    {
        var path = Path.Join(tree.Path, LockName);
        if (new FileInfo(path).LinkTarget is not null)
        {
            throw new IOException($"'{path}' is a symbolic link; links are not followed");
        }
        for (var waited = TimeSpan.Zero; ; waited += LockPause)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited < LockTimeout && File.Exists(path))
            {
                await Task.Delay(LockPause, cancellation).ConfigureAwait(false);
            }
            catch (UnauthorizedAccessException e)
            {
                throw new IOException($"'{tree.Path}' cannot be written: {e.Message}", e);
            }
        }
    }
}

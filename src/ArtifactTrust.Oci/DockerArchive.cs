using System.Security.Cryptography;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>What <c>docker save</c> writes to a tar file, for reading.</summary>
/// <remarks>
/// Such an archive holds no manifest that a registry would have, so one is made here: Docker's schema 2, the configuration and the layers as
/// they lie in the archive, each hashed when the first manifest or blob is asked for. Its digest binds every byte of configuration and layers, and is the same for
/// everyone who opens the same archive; crane computes the same where the layers are compressed. It is not the digest that the image has in a
/// registry, unless the archive kept the layers as they were pushed. Names and tags are outside of it: anyone may have written them.
/// Where an archive is an OCI layout too, as newer Dockers write it, that layout's own manifests are taken, and digests do match.
/// Spec: Docker Image Specification v1.2, "Combined Image JSON + Filesystem Changeset Format".
/// </remarks>
public sealed class DockerArchive : ReadOnlyLayoutStore
{
    private const string ArchiveFormat = "docker archive";
    private const string ConfigType = "application/vnd.docker.container.image.v1+json";
    private const string LayerType = "application/vnd.docker.image.rootfs.diff.tar";

    private readonly TarFile _tar;
    private readonly Lazy<Content> _content;

    private DockerArchive(TarFile tar)
    {
        _tar = tar;
        if (tar.LengthOf(LayoutFile) is not null && tar.LengthOf("index.json") is not null)
        {
            CheckVersion(tar.Read(LayoutFile, LayoutFileBytes));
            var index = ImageIndex.Parse(tar.Read("index.json", Limits.OciManifestBytes));
            _content = new Lazy<Content>(new Content(index));
            HasOwnManifests = true;
        }
        else
        {
            var images = ReadImages();
            _content = new Lazy<Content>(() => Hash(images));
        }
    }

    /// <inheritdoc/>
    public override string Name => $"docker-archive:{_tar.Path}";

    /// <summary>Whether the archive holds manifests itself, so that its digests are those of registries. Else they were made here.</summary>
    public bool HasOwnManifests { get; }

    /// <summary>Opens an archive.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="MalformedDataException">It is not what <c>docker save</c> writes, or is over a limit.</exception>
    public static DockerArchive Open(string file)
    {
        ArgumentException.ThrowIfNullOrEmpty(file);
        var tar = TarFile.Open(file, ArchiveFormat);
        try
        {
            return new DockerArchive(tar);
        }
        catch
        {
            tar.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override async Task CopyBlobAsync(Descriptor blob, Stream destination, CancellationToken cancellation = default)
    {
        try
        {
            await base.CopyBlobAsync(blob, destination, cancellation).ConfigureAwait(false);
        }
        catch (ContentMismatchException e) when (!HasOwnManifests)
        {
            // The digest is one that was computed here, of the same file.
            throw new IOException($"{Name}: the file changed while it was read; try again when nothing writes to it", e);
        }
    }

    private protected override ImageIndex ReadIndex() => _content.Value.Index;

    private protected override Stream? TryOpenBlob(Digest digest)
    {
        if (_content.Value.Manifests.TryGetValue(digest.ToString(), out var manifest))
        {
            return new ReadOnlyMemoryStream(manifest);
        }
        var own = HasOwnManifests ? $"blobs/{digest.Algorithm}/{digest.Hex}" : "";
        return _tar.TryOpen(_content.Value.Blobs.GetValueOrDefault(digest.ToString(), own));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _tar.Dispose();
        }
        base.Dispose(disposing);
    }

    /// <summary>What manifest.json says, each part of which must be there.</summary>
    private List<Image> ReadImages()
    {
        var json = StrictJson.Parse(
            _tar.Read("manifest.json", OciLimits.DockerArchiveIndexBytes),
            ArchiveFormat,
            OciLimits.DockerArchiveIndexBytes
        );
        if (json.ValueKind != JsonValueKind.Array || json.GetArrayLength() is 0 or > 1000)
        {
            throw new MalformedDataException(ArchiveFormat, "manifest.json", "an array of 1 to 1000 images is expected");
        }
        var images = new List<Image>();
        foreach (var image in json.EnumerateArray())
        {
            images.Add(ReadImage(image, $"manifest.json[{images.Count}]"));
        }
        return images;
    }

    private Image ReadImage(JsonElement image, string location)
    {
        if (image.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(ArchiveFormat, location, "an object is expected");
        }
        var configName = StrictJson.RequiredString(image, "Config", ArchiveFormat, location);
        var config = Descriptor.Of(ConfigType, _tar.Read(configName, OciLimits.ImageConfigBytes));
        var layers = Strings(image, "Layers", location);
        if (layers.Count > OciLimits.Layers)
        {
            throw new MalformedDataException(ArchiveFormat, location, $"it has more than {OciLimits.Layers} layers");
        }
        if (layers.Find(l => _tar.LengthOf(l) is null) is { } missing)
        {
            throw new MalformedDataException(ArchiveFormat, location, $"the layer '{Text.Clean(missing, 200)}' is not in the archive");
        }
        var tags = Strings(image, "RepoTags", location).Select(TagOf).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
        return new Image(configName, config, layers, tags);
    }

    private Content Hash(List<Image> images)
    {
        var entries = new List<Descriptor>();
        var content = new Content(new ImageIndex(OciMediaTypes.ImageIndex, null, entries, null, Descriptor.NoAnnotations));
        var hashed = new Dictionary<string, Descriptor>(StringComparer.Ordinal);
        foreach (var image in images)
        {
            var layers = new List<Descriptor>();
            foreach (var name in image.Layers)
            {
                if (!hashed.TryGetValue(name, out var layer))
                {
                    hashed.Add(name, layer = HashLayer(name));
                    content.Blobs[layer.Digest.ToString()] = name;
                }
                layers.Add(layer);
            }
            content.Blobs[image.Config.Digest.ToString()] = image.ConfigName;
            var bytes = new ImageManifest(
                OciMediaTypes.DockerManifest,
                null,
                image.Config,
                layers,
                null,
                Descriptor.NoAnnotations
            ).ToUtf8Bytes();
            var manifest = Descriptor.Of(OciMediaTypes.DockerManifest, bytes);
            content.Manifests[manifest.Digest.ToString()] = bytes;
            entries.AddRange(
                image.Tags.Length == 0
                    ? [manifest]
                    : image.Tags.Select(tag =>
                        manifest with
                        {
                            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [Descriptor.RefNameAnnotation] = tag },
                        }
                    )
            );
        }
        return content;
    }

    private Descriptor HashLayer(string name)
    {
        using var stream = _tar.TryOpen(name)!;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[256 << 10];
        var compressed = false;
        for (int read, total = 0; (read = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0; total = 1)
        {
            compressed |= total == 0 && read > 1 && buffer[0] == 0x1f && buffer[1] == 0x8b;
            hash.AppendData(buffer, 0, read);
        }
        var digest = Digest.FromBytes(DigestAlgorithm.Sha256, hash.GetHashAndReset());
        return new Descriptor(compressed ? $"{LayerType}.gzip" : LayerType, digest, stream.Length);
    }

    private static List<string> Strings(JsonElement json, string name, string location)
    {
        var strings = new List<string>();
        if (!json.TryGetProperty(name, out var array) || array.ValueKind == JsonValueKind.Null)
        {
            return strings;
        }
        if (array.ValueKind != JsonValueKind.Array)
        {
            throw new MalformedDataException(ArchiveFormat, $"{location}.{name}", "an array of strings is expected");
        }
        foreach (var item in array.EnumerateArray())
        {
            strings.Add(
                item.ValueKind == JsonValueKind.String
                    ? item.GetString()!
                    : throw new MalformedDataException(ArchiveFormat, $"{location}.{name}", "an array of strings is expected")
            );
        }
        return strings;
    }

    private static string? TagOf(string name)
    {
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[(colon + 1)..] : null;
    }

    /// <summary>An image as manifest.json has it.</summary>
    private sealed record Image(string ConfigName, Descriptor Config, List<string> Layers, string[] Tags);

    /// <summary>What is in the archive, by digest: the members that are blobs, and the manifests that were made of them.</summary>
    private sealed record Content(ImageIndex Index)
    {
        internal Dictionary<string, string> Blobs { get; } = new(StringComparer.Ordinal);

        internal Dictionary<string, byte[]> Manifests { get; } = new(StringComparer.Ordinal);
    }
}

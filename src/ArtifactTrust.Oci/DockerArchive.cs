using System.Security.Cryptography;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>What <c>docker save</c> writes to a tar file, for reading.</summary>
/// <remarks>
/// Such an archive holds no manifest that a registry would have, so one is made here: Docker's schema 2, the configuration and the layers as
/// they lie in the archive, each hashed when it is opened. Its digest binds every byte of configuration and layers, and is the same for
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
    private readonly ImageIndex _index;
    private readonly Dictionary<string, string> _blobs = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _manifests = new(StringComparer.Ordinal);

    private DockerArchive(TarFile tar)
    {
        _tar = tar;
        if (tar.LengthOf(LayoutFile) is not null && tar.LengthOf("index.json") is not null)
        {
            CheckVersion(tar.Read(LayoutFile, LayoutFileBytes));
            _index = ImageIndex.Parse(tar.Read("index.json", Limits.OciManifestBytes));
            HasOwnManifests = true;
        }
        else
        {
            _index = new ImageIndex(OciMediaTypes.ImageIndex, null, ReadImages(), null, Descriptor.NoAnnotations);
        }
    }

    /// <inheritdoc/>
    public override string Name => $"docker-archive:{_tar.Path}";

    /// <summary>Whether the archive holds manifests itself, so that its digests are those of registries. Else they were made here.</summary>
    public bool HasOwnManifests { get; }

    /// <summary>Opens an archive, and hashes all that is in it.</summary>
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

    private protected override ImageIndex ReadIndex() => _index;

    private protected override Stream? TryOpenBlob(Digest digest)
    {
        if (_manifests.TryGetValue(digest.ToString(), out var manifest))
        {
            return new ReadOnlyMemoryStream(manifest);
        }
        return _tar.TryOpen(_blobs.GetValueOrDefault(digest.ToString(), HasOwnManifests ? $"blobs/{digest.Algorithm}/{digest.Hex}" : ""));
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

    private List<Descriptor> ReadImages()
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
        var entries = new List<Descriptor>();
        var hashed = new Dictionary<string, Descriptor>(StringComparer.Ordinal);
        foreach (var image in json.EnumerateArray())
        {
            var location = $"manifest.json[{entries.Count}]";
            var manifest = ReadImage(image, location, hashed);
            var tags = Strings(image, "RepoTags", location).Select(TagOf).OfType<string>().Distinct(StringComparer.Ordinal).ToArray();
            entries.AddRange(
                tags.Length == 0
                    ? [manifest]
                    : tags.Select(tag =>
                        manifest with
                        {
                            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [Descriptor.RefNameAnnotation] = tag },
                        }
                    )
            );
        }
        return entries;
    }

    private Descriptor ReadImage(JsonElement image, string location, Dictionary<string, Descriptor> hashed)
    {
        if (image.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(ArchiveFormat, location, "an object is expected");
        }
        var configName = StrictJson.RequiredString(image, "Config", ArchiveFormat, location);
        var config = Descriptor.Of(ConfigType, _tar.Read(configName, OciLimits.ImageConfigBytes));
        _blobs[config.Digest.ToString()] = configName;
        var layers = new List<Descriptor>();
        foreach (var name in Strings(image, "Layers", location))
        {
            if (layers.Count == OciLimits.Layers)
            {
                throw new MalformedDataException(ArchiveFormat, location, $"it has more than {OciLimits.Layers} layers");
            }
            if (!hashed.TryGetValue(name, out var layer))
            {
                layer = HashLayer(name, location);
                hashed.Add(name, layer);
                _blobs[layer.Digest.ToString()] = name;
            }
            layers.Add(layer);
        }
        var bytes = new ImageManifest(OciMediaTypes.DockerManifest, null, config, layers, null, Descriptor.NoAnnotations).ToUtf8Bytes();
        var descriptor = Descriptor.Of(OciMediaTypes.DockerManifest, bytes);
        _manifests[descriptor.Digest.ToString()] = bytes;
        return descriptor;
    }

    private Descriptor HashLayer(string name, string location)
    {
        using var stream =
            _tar.TryOpen(name)
            ?? throw new MalformedDataException(ArchiveFormat, location, $"the layer '{Text.Clean(name, 200)}' is not in the archive");
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
}

using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>A manifest as it was stored, its bytes checked against its digest.</summary>
public sealed class StoredManifest
{
    private const string FormatName = "OCI manifest";

    private StoredManifest(Descriptor descriptor, ReadOnlyMemory<byte> bytes)
    {
        Descriptor = descriptor;
        Bytes = bytes;
    }

    /// <summary>Type, digest and size, measured on the bytes.</summary>
    public Descriptor Descriptor { get; }

    /// <summary>The bytes the digest is of.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Whether this is an index, which lists manifests, and not the manifest of one image.</summary>
    public bool IsIndex => OciMediaTypes.IsImageIndex(Descriptor.MediaType);

    /// <summary>Reads the bytes as the manifest of one image.</summary>
    /// <exception cref="MalformedDataException">They are not one.</exception>
    public ImageManifest ToImageManifest() => ImageManifest.Parse(Bytes);

    /// <summary>Reads the bytes as an index.</summary>
    /// <exception cref="MalformedDataException">They are not one.</exception>
    public ImageIndex ToImageIndex() => ImageIndex.Parse(Bytes);

    /// <summary>Reads what the manifest is about, or null.</summary>
    /// <exception cref="MalformedDataException">The bytes are not a manifest.</exception>
    public Descriptor? Subject => IsIndex ? ToImageIndex().Subject : ToImageManifest().Subject;

    /// <summary>Takes bytes that are known to have the digest.</summary>
    /// <param name="digest">Their digest.</param>
    /// <param name="bytes">The manifest.</param>
    /// <param name="mediaType">The type that came with them; null where none did.</param>
    /// <exception cref="MalformedDataException">They are not a manifest of a type known here, or of another type than they came with.</exception>
    /// <remarks>Spec: distribution-spec 1.1, "Pulling manifests": a type in the manifest that is not the one it came with is to be rejected.</remarks>
    internal static StoredManifest Create(Digest digest, ReadOnlyMemory<byte> bytes, string? mediaType)
    {
        var json = ManifestJson.Parse(bytes, FormatName);
        var own = ManifestJson.MediaType(json, FormatName);
        var given =
            mediaType is not null && (OciMediaTypes.IsImageManifest(mediaType) || OciMediaTypes.IsImageIndex(mediaType)) ? mediaType : null;
        if (own is not null && given is not null && own != given)
        {
            throw new MalformedDataException(FormatName, "$.mediaType", $"the manifest says '{own}' and came as '{given}'");
        }
        var type =
            own ?? given ?? Infer(json) ?? throw new MalformedDataException(FormatName, "$", "neither an image manifest nor an index");
        if (OciMediaTypes.IsImageManifest(type))
        {
            ManifestJson.Forbid(json, FormatName, "manifests");
        }
        else if (OciMediaTypes.IsImageIndex(type))
        {
            ManifestJson.Forbid(json, FormatName, "layers", "config");
        }
        else
        {
            throw new MalformedDataException(FormatName, "$.mediaType", $"'{type}' is not a type of manifest known here");
        }
        return new StoredManifest(new Descriptor(type, digest, bytes.Length), bytes);
    }

    private static string? Infer(JsonElement json) =>
        (json.TryGetProperty("manifests", out _), json.TryGetProperty("layers", out _)) switch
        {
            (true, false) => OciMediaTypes.ImageIndex,
            (false, true) => OciMediaTypes.ImageManifest,
            _ => null,
        };
}

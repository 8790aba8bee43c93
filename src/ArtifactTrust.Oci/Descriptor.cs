using System.Collections.Frozen;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>Where an image runs.</summary>
/// <param name="Os">The operating system, as Go's GOOS names it.</param>
/// <param name="Architecture">The processor, as Go's GOARCH names it.</param>
/// <param name="Variant">The processor's variant, such as <c>v7</c>; null where it has none.</param>
/// <remarks>Spec: OCI image-spec 1.1, "Image Index Property Descriptions".</remarks>
public sealed record Platform(string Os, string Architecture, string? Variant = null)
{
    /// <summary><c>os/architecture[/variant]</c>.</summary>
    public override string ToString() => Variant is null ? $"{Os}/{Architecture}" : $"{Os}/{Architecture}/{Variant}";
}

/// <summary>Type, digest and size of content. Two are equal when those three are: the rest is what someone says about the content.</summary>
/// <param name="MediaType">The media type.</param>
/// <param name="Digest">The digest of the raw content.</param>
/// <param name="Size">The size of the raw content, in bytes.</param>
/// <remarks>Spec: OCI image-spec 1.1, "OCI Content Descriptors". Embedded <c>data</c> and <c>urls</c> are not read: content comes from the store.</remarks>
public sealed record Descriptor(string MediaType, Digest Digest, long Size)
{
    /// <summary>The annotation that holds a tag in an image layout.</summary>
    public const string RefNameAnnotation = "org.opencontainers.image.ref.name";

    /// <summary>No annotations.</summary>
    internal static readonly IReadOnlyDictionary<string, string> NoAnnotations = FrozenDictionary<string, string>.Empty;

    /// <summary>The type of artifact, where the content is a manifest. A hint: writers in use get it wrong, so read the manifest.</summary>
    public string? ArtifactType { get; init; }

    /// <summary>What someone says about the content. Never a reason to trust it.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; init; } = NoAnnotations;

    /// <summary>Where the image runs, for a descriptor in an index; else null.</summary>
    public Platform? Platform { get; init; }

    /// <summary>Whether type, digest and size are equal.</summary>
    public bool Equals(Descriptor? other) =>
        other is not null && other.MediaType == MediaType && other.Size == Size && other.Digest.Equals(Digest);

    /// <inheritdoc/>
    public override int GetHashCode() => Digest.GetHashCode();

    /// <summary>A descriptor of bytes, with their SHA-256 digest.</summary>
    public static Descriptor Of(string mediaType, ReadOnlySpan<byte> content) =>
        new(mediaType, DigestAlgorithm.Sha256.Hash(content), content.Length);

    /// <summary>Reads a descriptor; members not used here are ignored, as the specification asks.</summary>
    /// <exception cref="MalformedDataException">It is not a descriptor, or its digest is of an algorithm not known here.</exception>
    public static Descriptor Parse(JsonElement json, string format, string location)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, location, "a descriptor, an object, is expected");
        }
        var mediaType =
            OptionalMediaType(json, "mediaType", format, location)
            ?? throw new MalformedDataException(format, $"{location}.mediaType", "the member is required");
        Digest digest;
        try
        {
            digest = Digest.Parse(StrictJson.RequiredString(json, "digest", format, location));
        }
        catch (MalformedDataException e) when (e.Format != format)
        {
            throw new MalformedDataException(format, $"{location}.digest", e.Reason, e);
        }
        if (
            !json.TryGetProperty("size", out var size)
            || size.ValueKind != JsonValueKind.Number
            || !size.TryGetInt64(out var bytes)
            || bytes < 0
        )
        {
            throw new MalformedDataException(format, $"{location}.size", "a number of bytes is expected");
        }
        return new Descriptor(mediaType, digest, bytes)
        {
            ArtifactType = OptionalMediaType(json, "artifactType", format, location),
            Annotations = ParseAnnotations(json, format, location),
            Platform = ParsePlatform(json, format, location),
        };
    }

    /// <summary>Writes the descriptor as a JSON object, its members in the order that cosign writes.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("mediaType", MediaType);
        writer.WriteNumber("size", Size);
        writer.WriteString("digest", Digest.ToString());
        if (Annotations.Count > 0)
        {
            WriteAnnotations(writer, Annotations);
        }
        if (Platform is { } platform)
        {
            writer.WriteStartObject("platform");
            writer.WriteString("architecture", platform.Architecture);
            writer.WriteString("os", platform.Os);
            if (platform.Variant is not null)
            {
                writer.WriteString("variant", platform.Variant);
            }
            writer.WriteEndObject();
        }
        if (ArtifactType is not null)
        {
            writer.WriteString("artifactType", ArtifactType);
        }
        writer.WriteEndObject();
    }

    /// <summary>Type, digest and size only, as a <c>subject</c> has them.</summary>
    internal Descriptor Bare() => new(MediaType, Digest, Size);

    internal static string? OptionalMediaType(JsonElement json, string name, string format, string location)
    {
        var value = StrictJson.OptionalString(json, name, format, location);
        // Docker and cosign write "" where there is none.
        if (string.IsNullOrEmpty(value))
        {
            return null;
        }
        return value.Length <= OciLimits.MediaTypeCharacters && !value.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? value
            : throw new MalformedDataException(format, $"{location}.{name}", "a media type (RFC 6838) is expected");
    }

    internal static IReadOnlyDictionary<string, string> ParseAnnotations(JsonElement json, string format, string location)
    {
        if (!json.TryGetProperty("annotations", out var annotations) || annotations.ValueKind == JsonValueKind.Null)
        {
            return NoAnnotations;
        }
        if (annotations.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, $"{location}.annotations", "an object of strings is expected");
        }
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var member in annotations.EnumerateObject())
        {
            values.Add(
                member.Name,
                StrictJson.OptionalString(annotations, member.Name, format, $"{location}.annotations")
                    ?? throw new MalformedDataException(format, $"{location}.annotations.{member.Name}", "a string is expected")
            );
        }
        return values;
    }

    internal static void WriteAnnotations(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> annotations)
    {
        writer.WriteStartObject("annotations");
        foreach (var (key, value) in annotations.OrderBy(a => a.Key, CodePointOrder.Instance))
        {
            writer.WriteString(key, value);
        }
        writer.WriteEndObject();
    }

    private static Platform? ParsePlatform(JsonElement json, string format, string location)
    {
        if (!json.TryGetProperty("platform", out var platform) || platform.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        if (platform.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, $"{location}.platform", "an object is expected");
        }
        location = $"{location}.platform";
        var variant = StrictJson.OptionalString(platform, "variant", format, location);
        return new Platform(
            StrictJson.RequiredString(platform, "os", format, location),
            StrictJson.RequiredString(platform, "architecture", format, location),
            variant is { Length: 0 } ? null : variant
        );
    }
}

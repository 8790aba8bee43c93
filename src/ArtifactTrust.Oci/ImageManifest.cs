using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Oci;

/// <summary>The manifest of one image or artifact.</summary>
/// <param name="MediaType">OCI's or Docker's manifest type.</param>
/// <param name="ArtifactType">The type of artifact; null for an image.</param>
/// <param name="Config">The configuration.</param>
/// <param name="Layers">The content, base layer first.</param>
/// <param name="Subject">The manifest this one is about; null where it stands alone.</param>
/// <param name="Annotations">What its author says about it.</param>
/// <remarks>Spec: OCI image-spec 1.1, "OCI Image Manifest Specification".</remarks>
public sealed record ImageManifest(
    string MediaType,
    string? ArtifactType,
    Descriptor Config,
    IReadOnlyList<Descriptor> Layers,
    Descriptor? Subject,
    IReadOnlyDictionary<string, string> Annotations
)
{
    private const string FormatName = "OCI image manifest";

    /// <summary>The type a listing of referrers shows: the artifact type, or the config's media type where there is none.</summary>
    /// <remarks>Spec: distribution-spec 1.1, "Pushing Manifests with Subject", step 5.</remarks>
    public string EffectiveArtifactType => ArtifactType ?? Config.MediaType;

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="MalformedDataException">It is not an image manifest, or over a limit.</exception>
    public static ImageManifest Parse(ReadOnlyMemory<byte> utf8)
    {
        var json = ManifestJson.Parse(utf8, FormatName);
        var mediaType = ManifestJson.MediaType(json, FormatName) ?? OciMediaTypes.ImageManifest;
        if (!OciMediaTypes.IsImageManifest(mediaType))
        {
            throw new MalformedDataException(FormatName, "$.mediaType", $"'{OciMediaTypes.ImageManifest}' is expected, not '{mediaType}'");
        }
        ManifestJson.Forbid(json, FormatName, "manifests");
        var config = Descriptor.Parse(StrictJson.RequiredObject(json, "config", FormatName, "$"), FormatName, "$.config");
        return new ImageManifest(
            mediaType,
            Descriptor.OptionalMediaType(json, "artifactType", FormatName, "$"),
            config,
            ManifestJson.Descriptors(json, "layers", FormatName, OciLimits.Layers),
            ManifestJson.Subject(json, FormatName),
            Descriptor.ParseAnnotations(json, FormatName, "$")
        );
    }

    /// <summary>The manifest as UTF-8 JSON on one line, byte for byte as cosign 3 writes one.</summary>
    public byte[] ToUtf8Bytes() =>
        ManifestJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteNumber("schemaVersion", 2);
            writer.WriteString("mediaType", MediaType);
            writer.WritePropertyName("config");
            Config.WriteTo(writer);
            writer.WriteStartArray("layers");
            foreach (var layer in Layers)
            {
                layer.WriteTo(writer);
            }
            writer.WriteEndArray();
            if (Annotations.Count > 0)
            {
                Descriptor.WriteAnnotations(writer, Annotations);
            }
            if (Subject is not null)
            {
                writer.WritePropertyName("subject");
                Subject.WriteTo(writer);
            }
            if (ArtifactType is not null)
            {
                writer.WriteString("artifactType", ArtifactType);
            }
            writer.WriteEndObject();
        });
}

/// <summary>A list of manifests: an image's platforms, a layout's content, or the referrers of a subject.</summary>
/// <param name="MediaType">OCI's index type or Docker's list type.</param>
/// <param name="ArtifactType">The type of artifact; mostly null.</param>
/// <param name="Manifests">The manifests, in the author's order.</param>
/// <param name="Subject">The manifest this index is about; null where it stands alone.</param>
/// <param name="Annotations">What its author says about it.</param>
/// <remarks>Spec: OCI image-spec 1.1, "OCI Image Index Specification".</remarks>
public sealed record ImageIndex(
    string MediaType,
    string? ArtifactType,
    IReadOnlyList<Descriptor> Manifests,
    Descriptor? Subject,
    IReadOnlyDictionary<string, string> Annotations
)
{
    internal const string FormatName = "OCI image index";

    /// <summary>Reads an index.</summary>
    /// <exception cref="MalformedDataException">It is not an image index, or over a limit.</exception>
    public static ImageIndex Parse(ReadOnlyMemory<byte> utf8) => Read(ManifestJson.Parse(utf8, FormatName));

    internal static ImageIndex Read(JsonElement json)
    {
        var mediaType = ManifestJson.MediaType(json, FormatName) ?? OciMediaTypes.ImageIndex;
        if (!OciMediaTypes.IsImageIndex(mediaType))
        {
            throw new MalformedDataException(FormatName, "$.mediaType", $"'{OciMediaTypes.ImageIndex}' is expected, not '{mediaType}'");
        }
        ManifestJson.Forbid(json, FormatName, "layers", "config");
        return new ImageIndex(
            mediaType,
            Descriptor.OptionalMediaType(json, "artifactType", FormatName, "$"),
            ManifestJson.Descriptors(json, "manifests", FormatName, OciLimits.IndexManifests),
            ManifestJson.Subject(json, FormatName),
            Descriptor.ParseAnnotations(json, FormatName, "$")
        );
    }

    /// <summary>The manifests for a platform, each once: several are possible, and runtimes differ in which they take.</summary>
    /// <remarks>Spec: OCI image-spec 1.1, "Image Index Property Descriptions". <c>arm64</c> and <c>arm64/v8</c> are the same, and authors write either.</remarks>
    public IReadOnlyList<Descriptor> Find(Platform platform)
    {
        ArgumentNullException.ThrowIfNull(platform);
        return [.. Manifests.Where(m => m.Platform is { } its && Bare(its) == Bare(platform)).DistinctBy(m => m.Digest)];

        static Platform Bare(Platform one) => one is { Architecture: "arm64", Variant: "v8" } ? one with { Variant = null } : one;
    }
}

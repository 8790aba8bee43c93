using ArtifactTrust.Hashing;

namespace ArtifactTrust.Oci;

/// <summary>What <c>cosign save</c> writes: a layout whose index says by a kind of its own what is the image and what is about it, without tags.</summary>
/// <remarks>Bundles lie among the blobs, and the index does not list them (cosign 3.1).</remarks>
internal static class SavedImage
{
    private const string KindAnnotation = "kind";
    private const string Prefix = "dev.cosignproject.cosign/";

    /// <summary>Whether an index is of such a layout.</summary>
    internal static bool Is(IReadOnlyList<Descriptor> entries) => entries.Any(e => KindOf(e) is not null);

    /// <summary>Whether an entry is signatures or attestations, and not an image.</summary>
    internal static bool IsEvidence(Descriptor entry) => KindOf(entry) is "sigs" or "atts";

    /// <summary>What cosign's own tag stands for; null where there is no such thing, or nobody can say which image it is about.</summary>
    internal static Descriptor? Find(IReadOnlyList<Descriptor> entries, string tag)
    {
        var kind = tag.EndsWith(LegacyTags.Signatures, StringComparison.Ordinal) ? "sigs" : "atts";
        var images = entries.Where(e => KindOf(e) is "image" or "imageIndex").DistinctBy(e => e.Digest).ToArray();
        var found = entries.Where(e => KindOf(e) == kind).DistinctBy(e => e.Digest).ToArray();
        return images is [var image] && found is [var one] && Tags(image.Digest).Contains(tag) ? one : null;
    }

    private static string[] Tags(Digest image) =>
        [LegacyTags.Tag(image, LegacyTags.Signatures), LegacyTags.Tag(image, LegacyTags.Attestations)];

    private static string? KindOf(Descriptor entry) =>
        entry.Annotations.GetValueOrDefault(KindAnnotation) is { } kind && kind.StartsWith(Prefix, StringComparison.Ordinal)
            ? kind[Prefix.Length..]
            : null;
}

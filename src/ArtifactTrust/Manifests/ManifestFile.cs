using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Manifests;

/// <summary>The digests of a directory as <c>hash --output json</c> prints them.</summary>
/// <param name="Name">The directory's name, for people.</param>
/// <param name="Manifest">Its files; at least one, all with one hash function.</param>
/// <param name="IgnoredPaths">The paths that were left out.</param>
/// <remarks>The digests of the whole, where they are given, have to be those of the files: a file edited by hand is noticed.</remarks>
public sealed record ManifestFile(string Name, FileManifest Manifest, IReadOnlyList<string> IgnoredPaths)
{
    private const string FormatName = "manifest file";

    /// <summary>Reads such a document. Members not known here are read over.</summary>
    /// <exception cref="MalformedDataException">It is not one, is not of a directory, or its digests do not fit together.</exception>
    public static ManifestFile Parse(ReadOnlyMemory<byte> utf8)
    {
        var json = StrictJson.Parse(utf8, FormatName, Limits.ManifestFileBytes);
        if (
            json.ValueKind != JsonValueKind.Object
            || WholeNumber(json, "schemaVersion") != 1
            || StrictJson.OptionalString(json, "command", FormatName, "$") != "hash"
        )
        {
            throw new MalformedDataException(FormatName, "$", "the output of 'hash --output json' is expected, of schema version 1");
        }
        var subject = StrictJson.RequiredObject(json, "subject", FormatName, "$");
        if (StrictJson.RequiredString(subject, "kind", FormatName, "$.subject") != "directory")
        {
            throw new MalformedDataException(FormatName, "$.subject.kind", "only a directory has a manifest");
        }
        var entries = new List<ManifestEntry>();
        foreach (var item in StrictJson.RequiredArray(json, "files", FormatName, "$", Limits.ManifestEntries).EnumerateArray())
        {
            var at = $"$.files[{entries.Count}]";
            StrictJson.CheckMembers(item, FormatName, at, "name", "digest", "size");
            if (WholeNumber(item, "size") is not { } bytes || bytes < 0)
            {
                throw new MalformedDataException(FormatName, $"{at}.size", "a number of bytes is expected");
            }
            var digest = Digest.Parse(StrictJson.RequiredString(item, "digest", FormatName, at));
            if (entries.Count > 0 && digest.Algorithm != entries[0].Digest.Algorithm)
            {
                throw new MalformedDataException(FormatName, at, $"a {entries[0].Digest.Algorithm} digest is expected, like the others");
            }
            entries.Add(new ManifestEntry(StrictJson.RequiredString(item, "name", FormatName, at), digest, bytes));
        }
        if (entries.Count == 0)
        {
            throw new MalformedDataException(FormatName, "$.files", "there is no file");
        }
        var manifest = new FileManifest(entries);
        if (subject.TryGetProperty("digests", out var digests))
        {
            var stated = DigestSet.Parse(digests, FormatName, "$.subject.digests");
            if (stated[DigestAlgorithm.Sha256.Name] is { } root && root != manifest.RootDigest.Hex)
            {
                throw new MalformedDataException(FormatName, "$.subject.digests", "the root digest is not that of the files");
            }
            // The root binds no names.
            if (stated[DigestSet.DirHash] is { } whole && whole != manifest.DirHash.Hex)
            {
                throw new MalformedDataException(FormatName, "$.subject.digests", "the dirHash is not that of the files and their names");
            }
        }
        var ignored = StrictJson
            .RequiredArray(json, "ignoredPaths", FormatName, "$", Limits.ManifestEntries)
            .EnumerateArray()
            .Select(p =>
                p.ValueKind == JsonValueKind.String
                    ? p.GetString()!
                    : throw new MalformedDataException(FormatName, "$.ignoredPaths", "strings are expected")
            );
        return new ManifestFile(
            StrictJson.RequiredString(subject, "name", FormatName, "$.subject"),
            manifest,
            [.. new IgnoreRules(ignored).Paths]
        );
    }

    private static long? WholeNumber(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            ? number
            : null;
}

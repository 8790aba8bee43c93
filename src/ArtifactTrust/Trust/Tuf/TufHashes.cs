using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>The hashes that trusted metadata gives of a file.</summary>
/// <remarks>Spec: TUF 1.0 §4.4, HASHES. All that are known here must match; where none is, nothing does.</remarks>
public sealed class TufHashes
{
    private TufHashes(IReadOnlyList<Digest> known, IReadOnlyList<string> names) => (Known, Names) = (known, names);

    /// <summary>The hashes of functions known here; perhaps none.</summary>
    public IReadOnlyList<Digest> Known { get; }

    /// <summary>The names of all functions, known or not.</summary>
    public IReadOnlyList<string> Names { get; }

    internal static TufHashes Parse(JsonElement parent, string format, string location)
    {
        var known = new List<Digest>();
        var names = new List<string>();
        foreach (var member in TufJson.RequiredMembers(parent, "hashes", Limits.DigestsPerSubject, format, location))
        {
            var hex = member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString() : null;
            if (hex is null)
            {
                throw new MalformedDataException(format, $"{location}.hashes.{member.Name}", "a string is expected");
            }
            names.Add(member.Name);
            if (DigestAlgorithm.Find(member.Name) is { } algorithm)
            {
                known.Add(Read(algorithm, hex, format, $"{location}.hashes.{member.Name}"));
            }
        }
        return names.Count > 0
            ? new TufHashes(known, names)
            : throw new MalformedDataException(format, $"{location}.hashes", "there is no hash");
    }

    /// <summary>What differs, or null where the content is the one meant.</summary>
    internal TufFailure? Check(ReadOnlySpan<byte> content, string role, string clause)
    {
        if (Known.Count == 0)
        {
            return new TufFailure(TufFailureCode.UnsupportedHash, role, clause, "no hash of a known function is listed")
            {
                Expected = string.Join(", ", DigestAlgorithm.All),
                Actual = string.Join(", ", Names),
            };
        }
        foreach (var expected in Known)
        {
            var actual = expected.Algorithm.Hash(content);
            if (!actual.Equals(expected))
            {
                return new TufFailure(TufFailureCode.HashMismatch, role, clause, "the content is not the one listed")
                {
                    Expected = expected.ToString(),
                    Actual = actual.ToString(),
                };
            }
        }
        return null;
    }

    private static Digest Read(DigestAlgorithm algorithm, string hex, string format, string location)
    {
        try
        {
            return Digest.FromHex(algorithm, hex);
        }
        catch (MalformedDataException e)
        {
            throw new MalformedDataException(format, location, e.Reason, e);
        }
    }
}

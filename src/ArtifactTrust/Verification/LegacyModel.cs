using System.Globalization;
using System.Text;
using ArtifactTrust.Attestations;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Verification;

/// <summary>Bundles of model-signing v0.2.0, before there was a specification: a subject for each file, and an encoding of its own.</summary>
internal static class LegacyModel
{
    internal const string TypeUri = "https://model_signing/Digests/v0.1";

    private const string HashAnnotation = "actual_hash_algorithm";

    /// <summary>
    /// The bytes that v0.2.0 signed: those of DSSE, but for a capital V and the payload as Python spells a bytes object. The spelling is
    /// reversible and its first word is another than that of DSSE, so neither is ever taken for the other.
    /// </summary>
    internal static byte[] Encode(DsseEnvelope envelope)
    {
        var payload = envelope.Payload.Span;
        // Python quotes with ' unless that alone would need escaping.
        var quote = payload.Contains((byte)'\'') && !payload.Contains((byte)'"') ? '"' : '\'';
        var text = new StringBuilder(payload.Length + 64);
        text.Append(
            CultureInfo.InvariantCulture,
            $"DSSEV1 {Encoding.UTF8.GetByteCount(envelope.PayloadType)} {envelope.PayloadType} {payload.Length} b{quote}"
        );
        foreach (var b in payload)
        {
            _ = b switch
            {
                (byte)'\\' => text.Append("\\\\"),
                (byte)'\t' => text.Append("\\t"),
                (byte)'\n' => text.Append("\\n"),
                (byte)'\r' => text.Append("\\r"),
                _ when b == quote => text.Append('\\').Append(quote),
                < 0x20 or >= 0x7f => text.Append(CultureInfo.InvariantCulture, $"\\x{b:x2}"),
                _ => text.Append((char)b),
            };
        }
        return Encoding.UTF8.GetBytes(text.Append(quote).ToString());
    }

    /// <summary>Whether a signature is the key's, with SHA-256, over an envelope as v0.2.0 encoded it.</summary>
    internal static bool IsOver(DsseEnvelope envelope, VerificationKey key, ReadOnlySpan<byte> signature) =>
        WithSha256(key).Verify(Encode(envelope), signature);

    /// <summary>The key with SHA-256, whatever its curve.</summary>
    internal static VerificationKey WithSha256(VerificationKey key) =>
        key.Algorithm == SignatureAlgorithm.EcdsaP384 ? key.With(SignatureAlgorithm.EcdsaP384Sha256)
        : key.Algorithm == SignatureAlgorithm.EcdsaP521 ? key.With(SignatureAlgorithm.EcdsaP521Sha256)
        : key;

    /// <summary>The signed files.</summary>
    /// <exception cref="MalformedDataException">A subject has no name, no SHA-256, or was hashed in another way.</exception>
    internal static ModelSignature Read(Statement statement)
    {
        var resources = new List<ManifestEntry>();
        foreach (var subject in statement.Subjects)
        {
            var at = $"$.subject[{resources.Count}]";
            if (subject.Annotations.GetValueOrDefault(HashAnnotation) is not "file-sha256")
            {
                throw new MalformedDataException(ModelSignature.FormatName, at, "'file-sha256' is expected as the way of hashing");
            }
            var (name, hex) = (subject.Name, subject.Digest![DigestAlgorithm.Sha256.Name]);
            resources.Add(
                name is not null && hex is not null
                    ? new ManifestEntry(name, Digest.FromHex(DigestAlgorithm.Sha256, hex), 0)
                    : throw new MalformedDataException(ModelSignature.FormatName, at, "a name and a SHA-256 digest are expected")
            );
        }
        return new ModelSignature(resources, new ModelSerialization());
    }
}

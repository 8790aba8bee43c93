using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Bundles;

/// <summary>A signature over a message that is kept elsewhere.</summary>
/// <param name="MessageDigest">The signer's digest of the message; null where the bundle has none, as for Ed25519. Not authenticated.</param>
/// <param name="Signature">The signature's bytes.</param>
/// <remarks>Spec: sigstore_common.proto, MessageSignature.</remarks>
public sealed record MessageSignature(Digest? MessageDigest, ReadOnlyMemory<byte> Signature)
{
    private const string FormatName = "Sigstore bundle";

    internal static MessageSignature Parse(JsonElement json, string location)
    {
        StrictJson.CheckMembers(json, FormatName, location, "messageDigest", "signature");
        Digest? digest = null;
        if (json.TryGetProperty("messageDigest", out var member) && member.ValueKind != JsonValueKind.Null)
        {
            var at = $"{location}.messageDigest";
            StrictJson.CheckMembers(member, FormatName, at, "algorithm", "digest");
            if (StrictJson.OptionalString(member, "algorithm", FormatName, at) is { } name)
            {
                var algorithm =
                    AlgorithmOf(name) ?? throw new MalformedDataException(FormatName, $"{at}.algorithm", $"'{name}' is not known");
                var value = StrictJson.RequiredString(member, "digest", FormatName, at);
                digest = Digest.FromBytes(algorithm, StrictBase64.Decode(value, FormatName, $"{at}.digest"));
            }
            else if (member.TryGetProperty("digest", out _))
            {
                throw new MalformedDataException(FormatName, at, "a digest without its algorithm");
            }
        }
        var signature = StrictJson.RequiredString(json, "signature", FormatName, location);
        return new MessageSignature(digest, StrictBase64.Decode(signature, FormatName, $"{location}.signature"));
    }

    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("messageDigest");
        if (MessageDigest is not null)
        {
            writer.WriteString("algorithm", NameOf(MessageDigest.Algorithm));
            writer.WriteBase64String("digest", MessageDigest.Bytes);
        }
        writer.WriteEndObject();
        writer.WriteBase64String("signature", Signature.Span);
        writer.WriteEndObject();
    }

    // sigstore_common.proto, HashAlgorithm
    private static DigestAlgorithm? AlgorithmOf(string name) =>
        name switch
        {
            "SHA2_256" => DigestAlgorithm.Sha256,
            "SHA2_384" => DigestAlgorithm.Sha384,
            "SHA2_512" => DigestAlgorithm.Sha512,
            _ => null,
        };

    private static string NameOf(DigestAlgorithm algorithm) =>
        DigestAlgorithm.All.Where(a => a == algorithm).Select(a => $"SHA2_{a.SizeInBytes * 8}").Single();
}

using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Trust.Tuf;

/// <summary>A public key of TUF metadata.</summary>
/// <remarks>
/// Spec: TUF 1.0 §4.2.2. The key id is a name here and nothing more: repositories in use (Sigstore's) keep ids of keys that were later
/// written differently, and what an id must prevent, one key counted as two, is prevented by comparing the keys themselves.
/// </remarks>
public sealed class TufKey
{
    private readonly byte[] _subjectPublicKeyInfo;
    private readonly SignatureAlgorithm? _algorithm;

    private TufKey(string id, string scheme, byte[] subjectPublicKeyInfo, SignatureAlgorithm? algorithm)
    {
        (Id, Scheme, _subjectPublicKeyInfo, _algorithm) = (id, scheme, subjectPublicKeyInfo, algorithm);
        Fingerprint = algorithm is null ? null : DigestAlgorithm.Sha256.Hash(subjectPublicKeyInfo);
    }

    /// <summary>The id that roles and signatures name the key by.</summary>
    public string Id { get; }

    /// <summary>The signature scheme, as written.</summary>
    public string Scheme { get; }

    /// <summary>SHA-256 of the key's SubjectPublicKeyInfo; null where the key's type or scheme is not known here, so that it verifies nothing.</summary>
    public Digest? Fingerprint { get; }

    internal bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (_algorithm is null)
        {
            return false;
        }
        using var key = VerificationKey.FromSubjectPublicKeyInfo(_subjectPublicKeyInfo, _algorithm.Padding is null ? null : _algorithm);
        return key.Algorithm == _algorithm && key.Verify(message, signature);
    }

    internal static TufKey Parse(string id, JsonElement json, string format, string location)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(format, location, "an object is expected");
        }
        var type = StrictJson.RequiredString(json, "keytype", format, location);
        var scheme = StrictJson.RequiredString(json, "scheme", format, location);
        var value = StrictJson.RequiredObject(json, "keyval", format, location);
        var algorithm = (type, scheme) switch
        {
            // The second is how securesystemslib wrote the type until 2022; Sigstore's roots still have it.
            ("ecdsa" or "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => SignatureAlgorithm.EcdsaP256,
            ("ed25519", "ed25519") => SignatureAlgorithm.Ed25519,
            ("rsa", "rsassa-pss-sha256") => SignatureAlgorithm.RsaPss,
            _ => null,
        };
        if (algorithm is null)
        {
            return new TufKey(id, scheme, [], null);
        }
        var text = StrictJson.RequiredString(value, "public", format, $"{location}.keyval");
        try
        {
            using var key = Import(text, algorithm);
            return key.Algorithm == algorithm
                ? new TufKey(id, scheme, key.SubjectPublicKeyInfo.ToArray(), algorithm)
                : throw new MalformedDataException(
                    format,
                    $"{location}.keyval.public",
                    $"a key for {algorithm} is expected, not for {key.Algorithm}"
                );
        }
        catch (MalformedDataException e) when (e.Format != format)
        {
            throw new MalformedDataException(format, $"{location}.keyval.public", e.Reason, e);
        }
    }

    private static VerificationKey Import(string text, SignatureAlgorithm algorithm)
    {
        if (algorithm == SignatureAlgorithm.Ed25519)
        {
            return Ed25519VerificationKey.Import(Hex(text));
        }
        if (algorithm == SignatureAlgorithm.EcdsaP256 && !text.StartsWith('-'))
        {
            // go-tuf wrote the bare point in hex until 2022.
            var curve = EllipticCurve.P256;
            return VerificationKey.FromSubjectPublicKeyInfo(
                PublicKeyEncoding.WriteEc(curve, PublicKeyEncoding.ReadPoint(curve, Hex(text), PublicKeyEncoding.Format))
            );
        }
        return VerificationKey.FromPem(text, algorithm.Padding is null ? null : algorithm);
    }

    private static byte[] Hex(string text)
    {
        try
        {
            return text.Length <= Limits.TufNameLength ? Convert.FromHexString(text) : [];
        }
        catch (FormatException e)
        {
            throw new MalformedDataException(PublicKeyEncoding.Format, "$", "the key is not in hex", e);
        }
    }
}

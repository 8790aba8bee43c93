using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Verification;

/// <summary>Compares what a log recorded with what the bundle holds.</summary>
/// <remarks>Spec: Sigstore client specification, Verification, "transparency log entry"; Rekor types hashedrekord, dsse and intoto.</remarks>
internal static class LogEntryBody
{
    private const string Format = "log entry body";

    /// <summary>Whether entries of the kind are of a log of the second version.</summary>
    internal static bool IsSecondVersion(TransparencyLogEntry entry) => entry is { Kind: "hashedrekord", Version: "0.0.2" };

    /// <summary>Why the entry is not one of the bundle's signature by the key, or null where it is.</summary>
    internal static string? Problem(TransparencyLogEntry entry, Bundle bundle, SignerKey signer, ArtifactDigest artifact)
    {
        try
        {
            if (IsSecondVersion(entry))
            {
                return SecondVersion(entry, bundle, signer, artifact);
            }
            var json = StrictJson.Parse(entry.CanonicalizedBody, Format, Limits.LogEntryBodyBytes);
            var (kind, version) = (
                StrictJson.RequiredString(json, "kind", Format, "$"),
                StrictJson.RequiredString(json, "apiVersion", Format, "$")
            );
            if (kind != entry.Kind || version != entry.Version)
            {
                return $"the bundle says that the entry is of kind {entry.Kind} {entry.Version}, and it is of kind {kind} {version}";
            }
            var spec = StrictJson.RequiredObject(json, "spec", Format, "$");
            return (kind, version, bundle.Message, bundle.Envelope) switch
            {
                ("hashedrekord", "0.0.1", { } message, _) => HashedRekord(spec, message, signer, artifact),
                ("dsse", "0.0.1", _, { } envelope) => Dsse(spec, envelope, signer),
                ("intoto", "0.0.2", _, { } envelope) => InToto(spec, envelope, signer),
                _ => $"entries of kind {kind} {version} are not known for {(bundle.Message is null ? "envelopes" : "signatures of files")}",
            };
        }
        catch (MalformedDataException e)
        {
            return e.Message;
        }
    }

    private static string? HashedRekord(JsonElement spec, MessageSignature message, SignerKey signer, ArtifactDigest artifact)
    {
        var data = StrictJson.RequiredObject(spec, "data", Format, "$.spec");
        var logged = Hash(data, "hash", "$.spec.data");
        if (artifact(logged.Algorithm) is not { } digest)
        {
            return $"the entry is over a digest of {logged.Algorithm}, which was not given";
        }
        if (!digest.Equals(logged))
        {
            return $"the entry is over {logged}, and the artifact is {digest}";
        }
        var signature = StrictJson.RequiredObject(spec, "signature", Format, "$.spec");
        if (!Bytes(signature, "content", "$.spec.signature").AsSpan().SequenceEqual(message.Signature.Span))
        {
            return "the entry is of another signature";
        }
        var key = StrictJson.RequiredObject(signature, "publicKey", Format, "$.spec.signature");
        return Verifier(Bytes(key, "content", "$.spec.signature.publicKey"), signer);
    }

    // The hash of the envelope is over bytes that the signer sent and the bundle does not keep; the log computed it.
    private static string? Dsse(JsonElement spec, DsseEnvelope envelope, SignerKey signer)
    {
        if (PayloadHash(spec, "$.spec", envelope) is { } problem)
        {
            return problem;
        }
        if (
            StrictJson.RequiredArray(spec, "signatures", Format, "$.spec", Limits.EnvelopeSignatures).EnumerateArray().ToList()
            is not [var signature]
        )
        {
            return "the entry has not exactly one signature";
        }
        return Bytes(signature, "signature", "$.spec.signatures[0]").AsSpan().SequenceEqual(envelope.Signatures[0].Value.Span)
            ? Verifier(Bytes(signature, "verifier", "$.spec.signatures[0]"), signer)
            : "the entry is of another signature";
    }

    private static string? InToto(JsonElement spec, DsseEnvelope envelope, SignerKey signer)
    {
        var content = StrictJson.RequiredObject(spec, "content", Format, "$.spec");
        if (PayloadHash(content, "$.spec.content", envelope) is { } problem)
        {
            return problem;
        }
        var logged = StrictJson.RequiredObject(content, "envelope", Format, "$.spec.content");
        const string at = "$.spec.content.envelope";
        var type = StrictJson.RequiredString(logged, "payloadType", Format, at);
        if (type != envelope.PayloadType)
        {
            return $"the entry is of a payload of type {type}";
        }
        if (
            StrictJson.RequiredArray(logged, "signatures", Format, at, Limits.EnvelopeSignatures).EnumerateArray().ToList()
            is not [var signature]
        )
        {
            return "the entry has not exactly one signature";
        }
        // The log took the base64 text for bytes, and encoded it again.
        var text = Encoding.ASCII.GetString(Bytes(signature, "sig", $"{at}.signatures[0]"));
        return StrictBase64.Decode(text, Format, $"{at}.signatures[0].sig").AsSpan().SequenceEqual(envelope.Signatures[0].Value.Span)
            ? Verifier(Bytes(signature, "publicKey", $"{at}.signatures[0]"), signer)
            : "the entry is of another signature";
    }

    private static string? PayloadHash(JsonElement parent, string location, DsseEnvelope envelope)
    {
        var logged = Hash(parent, "payloadHash", location);
        var actual = logged.Algorithm.Hash(envelope.Payload.Span);
        return actual.Equals(logged) ? null : $"the entry is over the payload {logged}, and the bundle's is {actual}";
    }

    /// <summary>A log of the second version records what the bundle holds and no more, so the whole body is made again.</summary>
    private static string? SecondVersion(TransparencyLogEntry entry, Bundle bundle, SignerKey signer, ArtifactDigest artifact)
    {
        if (signer.Key.Algorithm.PreHash is not { } preHash)
        {
            return $"a log of the second version holds no signatures by {signer.Key.Algorithm}";
        }
        var digest = bundle.Envelope is { } envelope ? envelope.PreAuthenticationDigest(preHash) : artifact(preHash);
        if (digest is null)
        {
            return $"the entry is over a digest of {preHash}, which was not given";
        }
        var signature = bundle.Envelope?.Signatures[0].Value ?? bundle.Message!.Signature;
        if (Rebuild(digest, signature.Span, signer).Span.SequenceEqual(entry.CanonicalizedBody.Span))
        {
            return null;
        }
        return Difference(entry, digest, signature.Span);
    }

    /// <summary>The canonical JSON (RFC 8785) of an entry; its members are written in the canonical order.</summary>
    /// <remarks>Spec: Rekor v2, hashedrekord 0.0.2.</remarks>
    internal static ReadOnlyMemory<byte> Rebuild(Digest digest, ReadOnlySpan<byte> signature, SignerKey signer)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("apiVersion", "0.0.2");
            writer.WriteString("kind", "hashedrekord");
            writer.WriteStartObject("spec");
            writer.WriteStartObject("hashedRekordV002");
            writer.WriteStartObject("data");
            writer.WriteString("algorithm", $"SHA2_{digest.Algorithm.SizeInBytes * 8}");
            writer.WriteBase64String("digest", digest.Bytes);
            writer.WriteEndObject();
            writer.WriteStartObject("signature");
            writer.WriteBase64String("content", signature);
            writer.WriteStartObject("verifier");
            writer.WriteString("keyDetails", KeyDetails(signer.Key));
            writer.WriteStartObject(signer.Certificate is null ? "publicKey" : "x509Certificate");
            writer.WriteBase64String("rawBytes", signer.LoggedBytes.Span);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    // The registry's names of RSA algorithms have the size of the key in them.
    internal static string KeyDetails(VerificationKey key)
    {
        if (key.Algorithm.Padding is null)
        {
            return key.Algorithm.Name;
        }
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(key.SubjectPublicKeyInfo.Span, out _);
        var padding = key.Algorithm == SignatureAlgorithm.RsaPss ? "PSS" : "PKCS1V15";
        return $"PKIX_RSA_{padding}_{rsa.KeySize}_SHA256";
    }

    /// <summary>Says in what the entry differs; it is refused whatever is found.</summary>
    private static string Difference(TransparencyLogEntry entry, Digest digest, ReadOnlySpan<byte> signature)
    {
        var json = StrictJson.Parse(entry.CanonicalizedBody, Format, Limits.LogEntryBodyBytes);
        var spec = StrictJson.RequiredObject(json, "spec", Format, "$");
        var record = StrictJson.RequiredObject(spec, "hashedRekordV002", Format, "$.spec");
        var data = StrictJson.RequiredObject(record, "data", Format, "$.spec.hashedRekordV002");
        var logged = StrictJson.RequiredString(data, "digest", Format, "$.spec.hashedRekordV002.data");
        if (logged != Convert.ToBase64String(digest.Bytes))
        {
            return $"the entry is over the digest {logged} (base64), and the signed content is {digest}";
        }
        var signed = StrictJson.RequiredObject(record, "signature", Format, "$.spec.hashedRekordV002");
        return
            StrictJson.RequiredString(signed, "content", Format, "$.spec.hashedRekordV002.signature") != Convert.ToBase64String(signature)
            ? "the entry is of another signature"
            : "the entry is of another key or certificate";
    }

    /// <summary>Why the PEM text is not that of the signer, or null.</summary>
    private static string? Verifier(byte[] pem, SignerKey signer)
    {
        var (label, der) = Pem.DecodeSingle(pem, Format);
        var expected = signer.Certificate is null ? "PUBLIC KEY" : "CERTIFICATE";
        return label == expected && der.AsSpan().SequenceEqual(signer.LoggedBytes.Span)
            ? null
            : "the entry is of another key or certificate";
    }

    private static Digest Hash(JsonElement parent, string name, string location)
    {
        var hash = StrictJson.RequiredObject(parent, name, Format, location);
        var at = $"{location}.{name}";
        var algorithm = StrictJson.RequiredString(hash, "algorithm", Format, at);
        return Digest.FromHex(
            DigestAlgorithm.Find(algorithm) ?? throw new MalformedDataException(Format, at, $"'{algorithm}' is not known"),
            StrictJson.RequiredString(hash, "value", Format, at)
        );
    }

    private static byte[] Bytes(JsonElement parent, string name, string location) =>
        parent.ValueKind == JsonValueKind.Object
            ? StrictBase64.Decode(StrictJson.RequiredString(parent, name, Format, location), Format, $"{location}.{name}")
            : throw new MalformedDataException(Format, location, "an object is expected");
}

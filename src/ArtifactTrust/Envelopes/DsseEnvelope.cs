using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;

namespace ArtifactTrust.Envelopes;

/// <summary>A payload with its type and the signatures over both.</summary>
/// <param name="PayloadType">The media type of the payload.</param>
/// <param name="Payload">The payload's bytes, exactly as signed.</param>
/// <param name="Signatures">At least one.</param>
/// <remarks>
/// Spec: DSSE v1.0.2. Base64 is read in the standard alphabet only, so that one envelope has one spelling; the specification
/// also lets readers take the URL-safe alphabet, which no client of this format writes.
/// </remarks>
public sealed record DsseEnvelope(string PayloadType, ReadOnlyMemory<byte> Payload, IReadOnlyList<DsseSignature> Signatures)
{
    private const string FormatName = "DSSE envelope";

    /// <summary>The bytes that are signed: <c>DSSEv1 len(type) type len(payload) payload</c>, lengths in bytes as ASCII decimals.</summary>
    /// <remarks>Spec: DSSE v1.0.2, protocol, "Signature Definition" (PAE).</remarks>
    public byte[] PreAuthenticationEncoding() => PreAuthenticationEncoding(PayloadType, Payload.Span);

    /// <inheritdoc cref="PreAuthenticationEncoding()"/>
    public static byte[] PreAuthenticationEncoding(string payloadType, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(payloadType);
        var head = Head(payloadType, payload.Length);
        var encoded = new byte[head.Length + payload.Length];
        head.CopyTo(encoded, 0);
        payload.CopyTo(encoded.AsSpan(head.Length));
        return encoded;
    }

    /// <summary>The digest of <see cref="PreAuthenticationEncoding()"/>, without a copy of the payload.</summary>
    /// <param name="algorithm">One of the platform's functions.</param>
    internal Digest PreAuthenticationDigest(DigestAlgorithm algorithm)
    {
        using var hash = IncrementalHash.CreateHash(algorithm.BclName);
        hash.AppendData(Head(PayloadType, Payload.Length));
        hash.AppendData(Payload.Span);
        return Digest.FromBytes(algorithm, hash.GetHashAndReset());
    }

    private static byte[] Head(string payloadType, int length) =>
        Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"DSSEv1 {Encoding.UTF8.GetByteCount(payloadType)} {payloadType} {length} ")
        );

    /// <summary>Reads an envelope.</summary>
    /// <exception cref="MalformedDataException">A member is missing, unknown, of the wrong type, or not canonical base64.</exception>
    public static DsseEnvelope Parse(JsonElement json, string location = "$")
    {
        StrictJson.CheckMembers(json, FormatName, location, "payload", "payloadType", "signatures");
        // Decoded where it stands: it may be the list of a million files.
        var payload =
            json.TryGetProperty("payload", out var text) && StrictJson.TryGetPlain(text, out var plain)
                ? StrictBase64.Decode(plain, FormatName, $"{location}.payload")
                : StrictBase64.Decode(StrictJson.RequiredString(json, "payload", FormatName, location), FormatName, $"{location}.payload");
        var payloadType = StrictJson.RequiredString(json, "payloadType", FormatName, location);
        var signatures = new List<DsseSignature>();
        var array = StrictJson.RequiredArray(json, "signatures", FormatName, location, Limits.EnvelopeSignatures);
        foreach (var item in array.EnumerateArray())
        {
            var at = $"{location}.signatures[{signatures.Count}]";
            StrictJson.CheckMembers(item, FormatName, at, "sig", "keyid");
            signatures.Add(
                new DsseSignature(
                    StrictBase64.Decode(StrictJson.RequiredString(item, "sig", FormatName, at), FormatName, $"{at}.sig"),
                    StrictJson.OptionalString(item, "keyid", FormatName, at)
                )
            );
        }
        return signatures.Count > 0
            ? new DsseEnvelope(payloadType, payload, signatures)
            : throw new MalformedDataException(FormatName, $"{location}.signatures", "there is no signature");
    }

    /// <summary>Writes the envelope as a JSON object. A key id is written only where there is one.</summary>
    public void WriteTo(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteBase64String("payload", Payload.Span);
        writer.WriteString("payloadType", PayloadType);
        writer.WriteStartArray("signatures");
        foreach (var signature in Signatures)
        {
            writer.WriteStartObject();
            writer.WriteBase64String("sig", signature.Value.Span);
            if (!string.IsNullOrEmpty(signature.KeyId))
            {
                writer.WriteString("keyid", signature.KeyId);
            }
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}

/// <summary>One signature of an envelope.</summary>
/// <param name="Value">The signature's bytes.</param>
/// <param name="KeyId">A hint which key made it: not authenticated, and never used to decide.</param>
public sealed record DsseSignature(ReadOnlyMemory<byte> Value, string? KeyId = null);

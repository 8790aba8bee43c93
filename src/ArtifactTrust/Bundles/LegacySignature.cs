using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Bundles;

/// <summary>What a signature in cosign's legacy storage is of.</summary>
public enum LegacySignatureKind
{
    /// <summary>Nothing known.</summary>
    None,

    /// <summary>A simple signing payload: an image was signed.</summary>
    Image,

    /// <summary>A DSSE envelope: something was attested of an image.</summary>
    Attestation,
}

/// <summary>A signature or attestation as cosign stored them before bundles. Nothing of it is verified.</summary>
/// <remarks>Spec: cosign, "Signature Specification" and "Attestation Specification"; containers/image, "container signature format".</remarks>
public sealed partial class LegacySignature
{
    /// <summary>The media type of a simple signing payload.</summary>
    public const string SimpleSigningType = "application/vnd.dev.cosign.simplesigning.v1+json";

    /// <summary>The media type of a DSSE envelope.</summary>
    public const string EnvelopeType = "application/vnd.dsse.envelope.v1+json";

    /// <summary>The annotation with the signature over the payload, base64; empty for an attestation.</summary>
    public const string SignatureAnnotation = "dev.cosignproject.cosign/signature";

    /// <summary>The annotation with the signer's certificate, PEM.</summary>
    public const string CertificateAnnotation = "dev.sigstore.cosign/certificate";

    /// <summary>The annotation with the authorities' certificates, PEM.</summary>
    public const string ChainAnnotation = "dev.sigstore.cosign/chain";

    /// <summary>The annotation with the record of the transparency log, JSON.</summary>
    public const string LogEntryAnnotation = "dev.sigstore.cosign/bundle";

    /// <summary>The annotation with the time stamp, JSON.</summary>
    public const string TimestampAnnotation = "dev.sigstore.cosign/rfc3161timestamp";

    /// <summary>The annotation with the type of an attestation's predicate.</summary>
    public const string PredicateTypeAnnotation = "predicateType";

    private const string FormatName = "cosign signature";

    private LegacySignature(
        LegacySignatureKind kind,
        ReadOnlyMemory<byte> payload,
        ReadOnlyMemory<byte> value,
        IReadOnlyList<ReadOnlyMemory<byte>> certificates,
        TransparencyLogEntry? logEntry,
        ReadOnlyMemory<byte>? timestamp,
        IReadOnlyDictionary<string, string> annotations
    )
    {
        Kind = kind;
        Payload = payload;
        Value = value;
        Certificates = certificates;
        LogEntry = logEntry;
        Timestamp = timestamp;
        Annotations = annotations;
    }

    /// <summary>What it is of.</summary>
    public LegacySignatureKind Kind { get; }

    /// <summary>The very bytes signed (a simple signing payload), or the DSSE envelope, as JSON.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The signature over <see cref="Payload"/>; empty for an attestation, whose envelope has its own.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>The certificates that came with it, DER, the signer's first; none where a key signed.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Certificates { get; }

    /// <summary>The log's record, with an inclusion promise and no proof; null where there is none.</summary>
    public TransparencyLogEntry? LogEntry { get; }

    /// <summary>An RFC 3161 time stamp response over the signature, DER; null where there is none.</summary>
    public ReadOnlyMemory<byte>? Timestamp { get; }

    /// <summary>All annotations of the layer, as they were written; anyone may have written them.</summary>
    public IReadOnlyDictionary<string, string> Annotations { get; }

    /// <summary>Reads a layer of cosign's legacy storage.</summary>
    /// <param name="mediaType">The layer's type.</param>
    /// <param name="payload">The layer's content.</param>
    /// <param name="annotations">The layer's annotations.</param>
    /// <exception cref="MalformedDataException">It is neither a signature nor an attestation, or a part of it cannot be read or is over a limit.</exception>
    public static LegacySignature Parse(string mediaType, ReadOnlyMemory<byte> payload, IReadOnlyDictionary<string, string> annotations)
    {
        ArgumentNullException.ThrowIfNull(annotations);
        var kind = mediaType switch
        {
            SimpleSigningType => LegacySignatureKind.Image,
            EnvelopeType => LegacySignatureKind.Attestation,
            _ => throw new MalformedDataException(FormatName, "mediaType", $"'{mediaType}' is neither a signature's nor an attestation's"),
        };
        var text = annotations.GetValueOrDefault(SignatureAnnotation);
        if (kind == LegacySignatureKind.Image && string.IsNullOrEmpty(text))
        {
            throw new MalformedDataException(FormatName, SignatureAnnotation, "the annotation is required");
        }
        if (kind == LegacySignatureKind.Attestation && !string.IsNullOrEmpty(text))
        {
            throw new MalformedDataException(FormatName, SignatureAnnotation, "an attestation's signatures are in its envelope");
        }
        StrictJson.CheckLength(text?.Length ?? 0, FormatName, Limits.KeyFileBytes);
        var certificates = new List<ReadOnlyMemory<byte>>();
        foreach (var name in (ReadOnlySpan<string>)[CertificateAnnotation, ChainAnnotation])
        {
            if (annotations.GetValueOrDefault(name) is { Length: > 0 } pem)
            {
                ReadCertificates(pem, name, certificates);
            }
        }
        return new LegacySignature(
            kind,
            payload,
            string.IsNullOrEmpty(text) ? default : StrictBase64.Decode(text, FormatName, SignatureAnnotation),
            certificates,
            annotations.GetValueOrDefault(LogEntryAnnotation) is { Length: > 0 } log ? ReadLogEntry(log) : null,
            annotations.GetValueOrDefault(TimestampAnnotation) is { Length: > 0 } stamp
                ? ReadTimestamp(stamp)
                : (ReadOnlyMemory<byte>?)null,
            annotations
        );
    }

    /// <summary>A signature of an image, ready to be stored.</summary>
    /// <param name="payload">The simple signing payload; see <see cref="SimpleSigningPayload"/>.</param>
    /// <param name="signature">The signature over it.</param>
    /// <param name="certificates">DER, the signer's first; none where a key signed.</param>
    /// <param name="logEntry">A record with an inclusion promise, of Rekor v1; null for none.</param>
    /// <param name="timestamp">An RFC 3161 response, DER; null for none.</param>
    /// <exception cref="ArgumentException">The record has no inclusion promise or time, which this format has to store.</exception>
    public static LegacySignature OfImage(
        ReadOnlyMemory<byte> payload,
        ReadOnlySpan<byte> signature,
        IReadOnlyList<ReadOnlyMemory<byte>>? certificates = null,
        TransparencyLogEntry? logEntry = null,
        ReadOnlyMemory<byte>? timestamp = null
    )
    {
        var annotations = Annotate(certificates, logEntry, timestamp);
        annotations[SignatureAnnotation] = Convert.ToBase64String(signature);
        return Parse(SimpleSigningType, payload, annotations);
    }

    /// <summary>An attestation of an image, ready to be stored.</summary>
    /// <param name="envelope">The DSSE envelope, JSON.</param>
    /// <param name="predicateType">The type of its predicate, a hint for readers.</param>
    /// <param name="certificates">DER, the signer's first; none where a key signed.</param>
    /// <param name="logEntry">A record with an inclusion promise, of Rekor v1; null for none.</param>
    /// <param name="timestamp">An RFC 3161 response, DER; null for none.</param>
    /// <exception cref="ArgumentException">The record has no inclusion promise or time, which this format has to store.</exception>
    public static LegacySignature OfAttestation(
        ReadOnlyMemory<byte> envelope,
        string predicateType,
        IReadOnlyList<ReadOnlyMemory<byte>>? certificates = null,
        TransparencyLogEntry? logEntry = null,
        ReadOnlyMemory<byte>? timestamp = null
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(predicateType);
        var annotations = Annotate(certificates, logEntry, timestamp);
        annotations[SignatureAnnotation] = "";
        annotations[PredicateTypeAnnotation] = predicateType;
        return Parse(EnvelopeType, envelope, annotations);
    }

    private static Dictionary<string, string> Annotate(
        IReadOnlyList<ReadOnlyMemory<byte>>? certificates,
        TransparencyLogEntry? logEntry,
        ReadOnlyMemory<byte>? timestamp
    )
    {
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal);
        if (certificates is { Count: > 0 })
        {
            annotations[CertificateAnnotation] = Pem.Encode("CERTIFICATE", certificates[0].Span);
            annotations[ChainAnnotation] = string.Concat(certificates.Skip(1).Select(c => Pem.Encode("CERTIFICATE", c.Span)));
            if (certificates.Count == 1)
            {
                annotations.Remove(ChainAnnotation);
            }
        }
        if (logEntry is not null)
        {
            annotations[LogEntryAnnotation] = WriteLogEntry(logEntry);
        }
        if (timestamp is { } stamp)
        {
            annotations[TimestampAnnotation] = $$"""{"SignedRFC3161Timestamp":"{{Convert.ToBase64String(stamp.Span)}}"}""";
        }
        return annotations;
    }

    private static void ReadCertificates(string pem, string name, List<ReadOnlyMemory<byte>> certificates)
    {
        StrictJson.CheckLength(pem.Length, FormatName, Limits.CertificatesPerBundle * 2L * Limits.CertificateBytes);
        var blocks = CertificateBlock().Matches(pem);
        if (
            blocks.Count == 0
            || blocks.Sum(b => b.Length) != pem.Count(c => !char.IsWhiteSpace(c)) + blocks.Sum(b => b.Value.Count(char.IsWhiteSpace))
        )
        {
            throw new MalformedDataException(FormatName, name, "PEM certificates, and nothing beside them, are expected");
        }
        foreach (Match block in blocks)
        {
            if (certificates.Count == Limits.CertificatesPerBundle)
            {
                throw new MalformedDataException(FormatName, name, $"more than {Limits.CertificatesPerBundle} certificates");
            }
            var der = Pem.DecodeSingle(block.Value, FormatName).Data;
            StrictJson.CheckLength(der.Length, FormatName, Limits.CertificateBytes);
            certificates.Add(der);
        }
    }

    private static JsonElement ReadObject(string text, string name)
    {
        StrictJson.CheckLength(text.Length, FormatName, Limits.LogEntryBodyBytes);
        JsonElement json;
        try
        {
            json = StrictJson.Parse(Encoding.UTF8.GetBytes(text), FormatName);
        }
        catch (MalformedDataException e)
        {
            throw new MalformedDataException(FormatName, name, e.Reason, e);
        }
        return json.ValueKind == JsonValueKind.Object ? json : throw new MalformedDataException(FormatName, name, "an object is expected");
    }

    private static ReadOnlyMemory<byte> ReadTimestamp(string text)
    {
        var json = ReadObject(text, TimestampAnnotation);
        StrictJson.CheckMembers(json, FormatName, TimestampAnnotation, "SignedRFC3161Timestamp");
        var base64 = StrictJson.RequiredString(json, "SignedRFC3161Timestamp", FormatName, TimestampAnnotation);
        StrictJson.CheckLength(base64.Length, FormatName, 2L * Limits.TimestampBytes);
        return StrictBase64.Decode(base64, FormatName, TimestampAnnotation);
    }

    /// <summary>Reads the record as Rekor v1's promise signs it.</summary>
    private static TransparencyLogEntry ReadLogEntry(string text)
    {
        const string At = LogEntryAnnotation;
        var json = ReadObject(text, At);
        StrictJson.CheckMembers(json, FormatName, At, "SignedEntryTimestamp", "Payload");
        var promise = StrictJson.RequiredString(json, "SignedEntryTimestamp", FormatName, At);
        var payload = StrictJson.RequiredObject(json, "Payload", FormatName, At);
        StrictJson.CheckMembers(payload, FormatName, $"{At}.Payload", "body", "integratedTime", "logIndex", "logID");
        var body = StrictJson.RequiredString(payload, "body", FormatName, $"{At}.Payload");
        var entry = ReadObject(Encoding.UTF8.GetString(StrictBase64.Decode(body, FormatName, $"{At}.Payload.body")), $"{At}.Payload.body");
        var logId = StrictJson.RequiredString(payload, "logID", FormatName, $"{At}.Payload");
        if (!LogId().IsMatch(logId))
        {
            throw new MalformedDataException(FormatName, $"{At}.Payload.logID", "64 lower-case hexadecimal digits are expected");
        }
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("logIndex", Number(payload, "logIndex"));
            writer.WriteStartObject("logId");
            writer.WriteString("keyId", Convert.ToBase64String(Convert.FromHexString(logId)));
            writer.WriteEndObject();
            writer.WriteStartObject("kindVersion");
            writer.WriteString("kind", StrictJson.RequiredString(entry, "kind", FormatName, $"{At}.Payload.body"));
            writer.WriteString("version", StrictJson.RequiredString(entry, "apiVersion", FormatName, $"{At}.Payload.body"));
            writer.WriteEndObject();
            writer.WriteNumber("integratedTime", Number(payload, "integratedTime"));
            writer.WriteStartObject("inclusionPromise");
            writer.WriteString("signedEntryTimestamp", promise);
            writer.WriteEndObject();
            writer.WriteString("canonicalizedBody", body);
            writer.WriteEndObject();
        }
        return TransparencyLogEntry.Parse(StrictJson.Parse(buffer.WrittenMemory, FormatName), At);
    }

    private static long Number(JsonElement payload, string name) =>
        payload.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var number)
        && number >= 0
            ? number
            : throw new MalformedDataException(FormatName, $"{LogEntryAnnotation}.Payload.{name}", "a number is expected");

    private static string WriteLogEntry(TransparencyLogEntry entry)
    {
        if (entry.InclusionPromise is not { } promise || entry.IntegratedTime is not { } time)
        {
            throw new ArgumentException("the record of the log has no inclusion promise, which this format stores", nameof(entry));
        }
        return string.Create(
            CultureInfo.InvariantCulture,
            $$$"""{"SignedEntryTimestamp":"{{{Convert.ToBase64String(promise.Span)}}}","Payload":{"body":"{{{Convert.ToBase64String(
                entry.CanonicalizedBody.Span
            )}}}","integratedTime":{{{time}}},"logIndex":{{{entry.LogIndex}}},"logID":"{{{Convert.ToHexStringLower(entry.LogId.Span)}}}"}}"""
        );
    }

    [GeneratedRegex("-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\\s]*-----END CERTIFICATE-----")]
    private static partial Regex CertificateBlock();

    [GeneratedRegex(@"\A[0-9a-f]{64}\z")]
    private static partial Regex LogId();
}

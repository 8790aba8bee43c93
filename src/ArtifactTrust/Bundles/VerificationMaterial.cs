using System.Text.Json;
using ArtifactTrust.Formats;

namespace ArtifactTrust.Bundles;

/// <summary>What a bundle carries beside the signature.</summary>
/// <remarks>Spec: sigstore_bundle.proto, VerificationMaterial. Nothing of it is trusted before it is verified.</remarks>
public sealed class VerificationMaterial
{
    private const string FormatName = "Sigstore bundle";

    /// <summary>What helps to find the managed key; null where a certificate is given instead. Empty where the bundle has no hint.</summary>
    public string? PublicKeyHint { get; init; }

    /// <summary>DER certificates, the signer's first; empty where a managed key signed.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Certificates { get; init; } = [];

    /// <summary>Whether <see cref="Certificates"/> is written as a chain, as OMS has it, and not as the signer's certificate alone.</summary>
    internal bool IsChain { get; init; }

    /// <summary>Transparency log entries.</summary>
    public IReadOnlyList<TransparencyLogEntry> LogEntries { get; init; } = [];

    /// <summary>RFC 3161 time-stamp responses or tokens, DER.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Timestamps { get; init; } = [];

    internal static VerificationMaterial Parse(JsonElement json, int minorVersion, string location)
    {
        StrictJson.CheckMembers(
            json,
            FormatName,
            location,
            "publicKey",
            "certificate",
            "x509CertificateChain",
            "tlogEntries",
            "timestampVerificationData"
        );
        var hasKey = json.TryGetProperty("publicKey", out var key);
        var hasCertificate = json.TryGetProperty("certificate", out var certificate);
        var hasChain = json.TryGetProperty("x509CertificateChain", out var chain);
        if ((hasKey ? 1 : 0) + (hasCertificate ? 1 : 0) + (hasChain ? 1 : 0) != 1)
        {
            throw new MalformedDataException(
                FormatName,
                location,
                "exactly one of publicKey, certificate and x509CertificateChain is expected"
            );
        }
        if (hasCertificate && minorVersion < 3)
        {
            throw new MalformedDataException(FormatName, $"{location}.certificate", "only version 0.3 has this member");
        }
        return new VerificationMaterial
        {
            PublicKeyHint = hasKey ? Hint(key, $"{location}.publicKey") : null,
            Certificates =
                hasCertificate ? [RawBytes(certificate, $"{location}.certificate")]
                : hasChain ? Chain(chain, $"{location}.x509CertificateChain")
                : [],
            LogEntries = LogEntriesOf(json, location),
            Timestamps = TimestampsOf(json, location),
        };
    }

    /// <summary>Writes the material as version 0.3 has it: the signer's certificate and no others, or the hint; or else the chain.</summary>
    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        if (IsChain)
        {
            writer.WriteStartObject("x509CertificateChain");
            writer.WriteStartArray("certificates");
            foreach (var one in Certificates)
            {
                writer.WriteStartObject();
                writer.WriteBase64String("rawBytes", one.Span);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
        else if (Certificates is [var certificate])
        {
            writer.WriteStartObject("certificate");
            writer.WriteBase64String("rawBytes", certificate.Span);
        }
        else
        {
            writer.WriteStartObject("publicKey");
            writer.WriteString("hint", PublicKeyHint);
        }
        writer.WriteEndObject();
        if (LogEntries.Count > 0)
        {
            writer.WriteStartArray("tlogEntries");
            foreach (var entry in LogEntries)
            {
                entry.WriteTo(writer);
            }
            writer.WriteEndArray();
        }
        if (Timestamps.Count > 0)
        {
            writer.WriteStartObject("timestampVerificationData");
            writer.WriteStartArray("rfc3161Timestamps");
            foreach (var timestamp in Timestamps)
            {
                writer.WriteStartObject();
                writer.WriteBase64String("signedTimestamp", timestamp.Span);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static string Hint(JsonElement key, string location)
    {
        // Model-signing clients up to 1.0.1 put the whole key here. It proves nothing, so it is read over.
        StrictJson.CheckMembers(key, FormatName, location, "hint", "rawBytes", "keyDetails");
        return StrictJson.OptionalString(key, "hint", FormatName, location) ?? "";
    }

    private static List<ReadOnlyMemory<byte>> Chain(JsonElement chain, string location)
    {
        StrictJson.CheckMembers(chain, FormatName, location, "certificates");
        var certificates = StrictJson.RequiredArray(chain, "certificates", FormatName, location, Limits.CertificatesPerBundle);
        var parsed = certificates.EnumerateArray().Select((c, i) => RawBytes(c, $"{location}.certificates[{i}]")).ToList();
        return parsed.Count > 0 ? parsed : throw new MalformedDataException(FormatName, location, "the certificate chain is empty");
    }

    private static ReadOnlyMemory<byte> RawBytes(JsonElement json, string location)
    {
        StrictJson.CheckMembers(json, FormatName, location, "rawBytes");
        return StrictBase64.Decode(StrictJson.RequiredString(json, "rawBytes", FormatName, location), FormatName, $"{location}.rawBytes");
    }

    private static List<TransparencyLogEntry> LogEntriesOf(JsonElement json, string location)
    {
        if (!json.TryGetProperty("tlogEntries", out _))
        {
            return [];
        }
        var entries = StrictJson.RequiredArray(json, "tlogEntries", FormatName, location, Limits.LogEntriesPerBundle);
        return entries.EnumerateArray().Select((e, i) => TransparencyLogEntry.Parse(e, $"{location}.tlogEntries[{i}]")).ToList();
    }

    private static List<ReadOnlyMemory<byte>> TimestampsOf(JsonElement json, string location)
    {
        if (!json.TryGetProperty("timestampVerificationData", out var data) || data.ValueKind == JsonValueKind.Null)
        {
            return [];
        }
        var at = $"{location}.timestampVerificationData";
        StrictJson.CheckMembers(data, FormatName, at, "rfc3161Timestamps");
        if (!data.TryGetProperty("rfc3161Timestamps", out _))
        {
            return [];
        }
        var timestamps = StrictJson.RequiredArray(data, "rfc3161Timestamps", FormatName, at, Limits.TimestampsPerBundle);
        return timestamps.EnumerateArray().Select((t, i) => SignedTimestamp(t, $"{at}.rfc3161Timestamps[{i}]")).ToList();
    }

    private static ReadOnlyMemory<byte> SignedTimestamp(JsonElement json, string location)
    {
        StrictJson.CheckMembers(json, FormatName, location, "signedTimestamp");
        var text = StrictJson.RequiredString(json, "signedTimestamp", FormatName, location);
        return StrictBase64.Decode(text, FormatName, $"{location}.signedTimestamp");
    }
}

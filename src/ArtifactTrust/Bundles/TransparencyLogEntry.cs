using System.Globalization;
using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Bundles;

/// <summary>A log's record of the signature, as the bundle tells it. Nothing of it is trusted before it is verified.</summary>
/// <remarks>Spec: sigstore_rekor.proto, TransparencyLogEntry.</remarks>
public sealed class TransparencyLogEntry
{
    private const string FormatName = "transparency log entry";
    private const int LogIdBytes = 32;

    private TransparencyLogEntry(long logIndex, ReadOnlyMemory<byte> logId, string kind, string version)
    {
        (LogIndex, LogId, Kind, Version) = (logIndex, logId, kind, version);
    }

    /// <summary>The entry's index, over all trees that the log ever had.</summary>
    public long LogIndex { get; }

    /// <summary>What names the log, 32 bytes.</summary>
    public ReadOnlyMemory<byte> LogId { get; }

    /// <summary>The kind of entry, such as <c>hashedrekord</c>.</summary>
    public string Kind { get; }

    /// <summary>The version of the kind, such as <c>0.0.2</c>.</summary>
    public string Version { get; }

    /// <summary>When the log says that it took the entry in, seconds since 1970; null where it does not say.</summary>
    public long? IntegratedTime { get; private init; }

    /// <summary>The log's signature over index, time and body (the signed entry timestamp); null where there is none.</summary>
    public ReadOnlyMemory<byte>? InclusionPromise { get; private init; }

    /// <summary>The path to the root of a tree; null where there is none.</summary>
    public InclusionProof? InclusionProof { get; private init; }

    /// <summary>The root that the proof says it leads to; null where there is no proof.</summary>
    public Digest? RootHash { get; private init; }

    /// <summary>The log's signed note about the tree, as text; null where there is none.</summary>
    public string? Checkpoint { get; private init; }

    /// <summary>The entry's content, as the log hashed it.</summary>
    public ReadOnlyMemory<byte> CanonicalizedBody { get; private init; }

    /// <summary>Reads an entry.</summary>
    /// <exception cref="MalformedDataException">A member is missing, unknown, or out of its range.</exception>
    public static TransparencyLogEntry Parse(JsonElement json, string location)
    {
        StrictJson.CheckMembers(
            json,
            FormatName,
            location,
            "logIndex",
            "logId",
            "kindVersion",
            "integratedTime",
            "inclusionPromise",
            "inclusionProof",
            "canonicalizedBody"
        );
        var logId = StrictJson.RequiredObject(json, "logId", FormatName, location);
        StrictJson.CheckMembers(logId, FormatName, $"{location}.logId", "keyId");
        var id = Bytes(logId, "keyId", $"{location}.logId");
        if (id.Length != LogIdBytes)
        {
            throw new MalformedDataException(FormatName, $"{location}.logId", $"{id.Length} bytes; {LogIdBytes} are expected");
        }
        var kind = StrictJson.RequiredObject(json, "kindVersion", FormatName, location);
        StrictJson.CheckMembers(kind, FormatName, $"{location}.kindVersion", "kind", "version");
        var (proof, root, checkpoint) = Proof(json, location);
        var body = Bytes(json, "canonicalizedBody", location);
        StrictJson.CheckLength(body.Length, FormatName, Limits.LogEntryBodyBytes);
        return new TransparencyLogEntry(
            // A number that is zero is left out by writers of proto3.
            Number(json, "logIndex", location) ?? 0,
            id,
            StrictJson.RequiredString(kind, "kind", FormatName, $"{location}.kindVersion"),
            StrictJson.RequiredString(kind, "version", FormatName, $"{location}.kindVersion")
        )
        {
            IntegratedTime = Number(json, "integratedTime", location) is > 0 and var time ? time : null,
            InclusionPromise = Promise(json, location),
            InclusionProof = proof,
            RootHash = root,
            Checkpoint = checkpoint,
            CanonicalizedBody = body,
        };
    }

    /// <summary>An entry as a log just told of it.</summary>
    internal static TransparencyLogEntry Create(
        long logIndex,
        ReadOnlyMemory<byte> logId,
        (string Kind, string Version) kind,
        ReadOnlyMemory<byte> body,
        (InclusionProof Proof, Digest Root, string Checkpoint) inclusion,
        (long IntegratedTime, ReadOnlyMemory<byte> Promise)? promise = null
    ) =>
        logId.Length == LogIdBytes && logIndex >= 0
            ? new TransparencyLogEntry(logIndex, logId, kind.Kind, kind.Version)
            {
                IntegratedTime = promise?.IntegratedTime,
                InclusionPromise = promise?.Promise,
                InclusionProof = inclusion.Proof,
                RootHash = inclusion.Root,
                Checkpoint = inclusion.Checkpoint,
                CanonicalizedBody = body,
            }
            : throw new MalformedDataException(FormatName, "$", $"a log id of {LogIdBytes} bytes and an index from 0 up are expected");

    /// <summary>Writes the entry. Law: <see cref="Parse"/> of what is written equals this entry.</summary>
    internal void WriteTo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("logIndex", Text(LogIndex));
        writer.WriteStartObject("logId");
        writer.WriteBase64String("keyId", LogId.Span);
        writer.WriteEndObject();
        writer.WriteStartObject("kindVersion");
        writer.WriteString("kind", Kind);
        writer.WriteString("version", Version);
        writer.WriteEndObject();
        // Some readers want the member, also where the log tells no time.
        writer.WriteString("integratedTime", Text(IntegratedTime ?? 0));
        if (InclusionPromise is { } promise)
        {
            writer.WriteStartObject("inclusionPromise");
            writer.WriteBase64String("signedEntryTimestamp", promise.Span);
            writer.WriteEndObject();
        }
        if (InclusionProof is { } proof)
        {
            writer.WriteStartObject("inclusionProof");
            writer.WriteString("logIndex", Text(proof.Index));
            writer.WriteBase64String("rootHash", RootHash!.Bytes);
            writer.WriteString("treeSize", Text(proof.TreeSize));
            writer.WriteStartArray("hashes");
            foreach (var hash in proof.Hashes)
            {
                writer.WriteBase64StringValue(hash.Bytes);
            }
            writer.WriteEndArray();
            if (Checkpoint is not null)
            {
                writer.WriteStartObject("checkpoint");
                writer.WriteString("envelope", Checkpoint);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        writer.WriteBase64String("canonicalizedBody", CanonicalizedBody.Span);
        writer.WriteEndObject();
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static ReadOnlyMemory<byte>? Promise(JsonElement json, string location)
    {
        if (!json.TryGetProperty("inclusionPromise", out var promise) || promise.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        var at = $"{location}.inclusionPromise";
        StrictJson.CheckMembers(promise, FormatName, at, "signedEntryTimestamp");
        return Bytes(promise, "signedEntryTimestamp", at);
    }

    private static (InclusionProof? Proof, Digest? Root, string? Checkpoint) Proof(JsonElement json, string location)
    {
        if (!json.TryGetProperty("inclusionProof", out var proof) || proof.ValueKind == JsonValueKind.Null)
        {
            return (null, null, null);
        }
        var at = $"{location}.inclusionProof";
        StrictJson.CheckMembers(proof, FormatName, at, "logIndex", "rootHash", "treeSize", "hashes", "checkpoint");
        var hashes = new List<Digest>();
        if (proof.TryGetProperty("hashes", out _))
        {
            foreach (var hash in StrictJson.RequiredArray(proof, "hashes", FormatName, at, Limits.ProofHashes).EnumerateArray())
            {
                var text =
                    hash.ValueKind == JsonValueKind.String
                        ? hash.GetString()!
                        : throw new MalformedDataException(FormatName, $"{at}.hashes[{hashes.Count}]", "a string is expected");
                hashes.Add(Digest.FromBytes(DigestAlgorithm.Sha256, StrictBase64.Decode(text, FormatName, $"{at}.hashes[{hashes.Count}]")));
            }
        }
        string? envelope = null;
        if (proof.TryGetProperty("checkpoint", out var checkpoint) && checkpoint.ValueKind != JsonValueKind.Null)
        {
            StrictJson.CheckMembers(checkpoint, FormatName, $"{at}.checkpoint", "envelope");
            envelope = StrictJson.RequiredString(checkpoint, "envelope", FormatName, $"{at}.checkpoint");
        }
        return (
            new InclusionProof(Number(proof, "logIndex", at) ?? 0, Number(proof, "treeSize", at) ?? 0, hashes),
            Digest.FromBytes(DigestAlgorithm.Sha256, Bytes(proof, "rootHash", at)),
            string.IsNullOrEmpty(envelope) ? null : envelope
        );
    }

    // proto3 writes 64-bit numbers as strings, and readers take numbers too.
    private static long? Number(JsonElement parent, string name, string location)
    {
        if (!parent.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }
        var text = value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            _ => "",
        };
        return
            long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number.ToString(CultureInfo.InvariantCulture) == text
            ? number
            : throw new MalformedDataException(FormatName, $"{location}.{name}", "a decimal number from 0 to 2^63 - 1 is expected");
    }

    private static byte[] Bytes(JsonElement parent, string name, string location) =>
        StrictBase64.Decode(StrictJson.RequiredString(parent, name, FormatName, location), FormatName, $"{location}.{name}");
}

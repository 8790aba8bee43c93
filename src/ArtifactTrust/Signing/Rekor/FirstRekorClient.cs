using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using ArtifactTrust.Bundles;
using ArtifactTrust.Envelopes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Transparency;

namespace ArtifactTrust.Signing.Rekor;

/// <summary>Logs signatures in one log of the first version.</summary>
/// <remarks>Spec: Rekor v1, openapi.yaml, /api/v1/log/entries; types hashedrekord 0.0.1 and dsse 0.0.1.</remarks>
internal sealed partial class FirstRekorClient(ServiceClient client, Uri service)
{
    private const string Format = "Rekor answer";
    private const SigningServiceKind Kind = SigningServiceKind.TransparencyLog;

    private readonly Uri _url = ServiceClient.Address(service, "/api/v1/log/entries");

    internal async Task<TransparencyLogEntry> LogAsync(LogSubmission submission, CancellationToken cancellation)
    {
        var body = Request(submission);
        var maximum = MaximumAnswer(body.Length);
        var answer = await client.PostAsync(Kind, _url, body, "application/json", null, maximum, cancellation).ConfigureAwait(false);
        if (answer.Status == HttpStatusCode.Conflict)
        {
            answer = await FindAsync(answer, maximum, cancellation).ConfigureAwait(false);
        }
        else if (answer.Status != HttpStatusCode.Created)
        {
            throw ServiceClient.Refused(Kind, _url, answer);
        }
        return submission.Check(ServiceClient.Read(Kind, _url, () => Entry(answer.Body, maximum)), _url);
    }

    // The entry is there already: an earlier attempt's answer was lost. Only the entry's number is taken from the answer, never an address.
    private async Task<BoundedResponse> FindAsync(BoundedResponse conflict, int maximum, CancellationToken cancellation)
    {
        var text = $"{conflict.Location} {ServiceError.Read(conflict.Body)?.Message}";
        if (EntryId().Match(text) is not { Success: true, Value: var id })
        {
            throw new SigningServiceException(Kind, _url, "it says that the entry exists already (409), and not which one it is")
            {
                Status = conflict.Status,
            };
        }
        var address = new Uri($"{_url.AbsoluteUri}/{id}");
        for (var tried = 1; ; tried++)
        {
            var found = await client.GetAsync(Kind, address, maximum, cancellation).ConfigureAwait(false);
            if (found.Status == HttpStatusCode.OK)
            {
                return found;
            }
            // An entry that was just taken in may not be in the tree yet.
            var refusal = ServiceClient.Refused(Kind, address, found);
            if (found.Status != HttpStatusCode.NotFound || tried >= client.Attempts)
            {
                throw refusal;
            }
            await client.PauseAsync(refusal, tried, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>A log repeats the body in base64, twice, and adds proofs.</summary>
    private static int MaximumAnswer(int requestBytes) => (int)Math.Min(Limits.BundleBytes, Limits.LogAnswerBytes + (2L * requestBytes));

    private static byte[] Request(LogSubmission submission)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("apiVersion", "0.0.1");
            writer.WriteString("kind", submission.Envelope is null ? "hashedrekord" : "dsse");
            writer.WriteStartObject("spec");
            if (submission.Envelope is { } envelope)
            {
                writer.WriteStartObject("proposedContent");
                writer.WriteString("envelope", Json(envelope));
                writer.WriteStartArray("verifiers");
                writer.WriteBase64StringValue(submission.VerifierPem);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }
            else
            {
                writer.WriteStartObject("data");
                writer.WriteStartObject("hash");
                writer.WriteString("algorithm", submission.SignedDigest!.Algorithm.Name);
                writer.WriteString("value", submission.SignedDigest.Hex);
                writer.WriteEndObject();
                writer.WriteEndObject();
                writer.WriteStartObject("signature");
                writer.WriteBase64String("content", submission.Signature.Span);
                writer.WriteStartObject("publicKey");
                writer.WriteBase64String("content", submission.VerifierPem);
                writer.WriteEndObject();
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
            writer.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    private static string Json(DsseEnvelope envelope)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            envelope.WriteTo(writer);
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static TransparencyLogEntry Entry(ReadOnlyMemory<byte> utf8, int maximum)
    {
        var json = StrictJson.Parse(utf8, Format, maximum);
        if (json.ValueKind != JsonValueKind.Object || json.EnumerateObject().ToList() is not [var only])
        {
            throw new MalformedDataException(Format, "$", "an object of one entry is expected");
        }
        var entry = only.Value;
        StrictJson.CheckMembers(entry, Format, "$.entry", "body", "integratedTime", "logID", "logIndex", "verification", "attestation");
        var body = Bytes(entry, "body", "$.entry");
        StrictJson.CheckLength(body.Length, Format, Limits.LogEntryBodyBytes);
        var kind = StrictJson.Parse(body, Format, Limits.LogEntryBodyBytes);
        if (kind.ValueKind != JsonValueKind.Object)
        {
            throw new MalformedDataException(Format, "$.entry.body", "an object is expected");
        }
        var verification = StrictJson.RequiredObject(entry, "verification", Format, "$.entry");
        const string at = "$.entry.verification";
        StrictJson.CheckMembers(verification, Format, at, "inclusionProof", "signedEntryTimestamp");
        var promise = Bytes(verification, "signedEntryTimestamp", at);
        var proof = StrictJson.RequiredObject(verification, "inclusionProof", Format, at);
        StrictJson.CheckMembers(proof, Format, $"{at}.inclusionProof", "checkpoint", "hashes", "logIndex", "rootHash", "treeSize");
        var hashes = StrictJson
            .RequiredArray(proof, "hashes", Format, $"{at}.inclusionProof", Limits.ProofHashes)
            .EnumerateArray()
            .Select(h => h.ValueKind == JsonValueKind.String ? h.GetString()! : "")
            .Select(h => Digest.FromHex(DigestAlgorithm.Sha256, h))
            .ToList();
        return TransparencyLogEntry.Create(
            Number(entry, "logIndex", "$.entry"),
            Digest.FromHex(DigestAlgorithm.Sha256, StrictJson.RequiredString(entry, "logID", Format, "$.entry")).Bytes.ToArray(),
            (StrictJson.RequiredString(kind, "kind", Format, "$"), StrictJson.RequiredString(kind, "apiVersion", Format, "$")),
            body,
            (
                new InclusionProof(
                    Number(proof, "logIndex", $"{at}.inclusionProof"),
                    Number(proof, "treeSize", $"{at}.inclusionProof"),
                    hashes
                ),
                Digest.FromHex(DigestAlgorithm.Sha256, StrictJson.RequiredString(proof, "rootHash", Format, $"{at}.inclusionProof")),
                StrictJson.RequiredString(proof, "checkpoint", Format, $"{at}.inclusionProof")
            ),
            (Number(entry, "integratedTime", "$.entry"), promise)
        );
    }

    private static long Number(JsonElement parent, string name, string location) =>
        parent.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var number)
        && number >= 0
            ? number
            : throw new MalformedDataException(Format, $"{location}.{name}", "a number from 0 to 2^63 - 1 is expected");

    private static byte[] Bytes(JsonElement parent, string name, string location) =>
        StrictBase64.Decode(StrictJson.RequiredString(parent, name, Format, location), Format, $"{location}.{name}");

    // A tree's number, which some logs leave out, and the hash of the entry.
    [GeneratedRegex(@"\b(?:[0-9a-f]{16})?[0-9a-f]{64}\b", RegexOptions.CultureInvariant)]
    private static partial Regex EntryId();
}

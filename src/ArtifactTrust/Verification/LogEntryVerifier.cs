using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Transparency;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Verification;

/// <summary>Verifies that a log holds an entry: its promise, the path to a root, and the log's signature over that root.</summary>
/// <remarks>Spec: Rekor v1 (signed entry timestamp), Rekor v2, C2SP tlog-checkpoint, RFC 9162 §2.1.3.</remarks>
internal static class LogEntryVerifier
{
    internal const string Promise = "log.set";
    internal const string CheckpointCheck = "log.checkpoint";
    internal const string Witnesses = "log.witnesses";
    internal const string Inclusion = "log.inclusion";

    /// <summary>The first check that fails, or null.</summary>
    internal static Check? Verify(TransparencyLogEntry entry, LogInstance log, SigstoreTrust trust, CheckList checks)
    {
        var isSecond = LogEntryBody.IsSecondVersion(entry);
        if (entry.InclusionProof is null && (isSecond || entry.InclusionPromise is null))
        {
            return Failed(
                Inclusion,
                FailureCode.LogEntryInvalid,
                "the entry has no inclusion proof",
                "an inclusion proof with a checkpoint",
                "none"
            );
        }
        if (entry.InclusionProof is { } proof)
        {
            if (entry.Checkpoint is not { } text)
            {
                return Failed(
                    CheckpointCheck,
                    FailureCode.LogEntryInvalid,
                    "the inclusion proof has no checkpoint, so nobody vouches for its root",
                    "a checkpoint",
                    "none"
                );
            }
            // Without a quorum, cosignatures are passed over, be they right or wrong.
            var (signed, problem) = VerifyCheckpoint(text, log, isSecond, trust.WitnessThreshold > 0 ? trust.Witnesses : []);
            if (signed is null)
            {
                return Failed(
                    CheckpointCheck,
                    FailureCode.LogEntryInvalid,
                    $"the checkpoint is not {log.BaseUrl}'s: {problem}",
                    $"a checkpoint signed by {log.Key.Algorithm} key {log.Key.Fingerprint} of {log.BaseUrl}",
                    problem
                );
            }
            var checkpoint = signed.Checkpoint;
            if (checkpoint.Size != proof.TreeSize || !checkpoint.Root.Equals(entry.RootHash))
            {
                return Failed(
                    CheckpointCheck,
                    FailureCode.LogEntryInvalid,
                    "the checkpoint is of another tree than the inclusion proof",
                    $"{proof.TreeSize} entries, root {entry.RootHash!.Hex}",
                    $"{checkpoint.Size} entries, root {checkpoint.Root.Hex}"
                );
            }
            checks.Pass(CheckpointCheck, $"{checkpoint.Origin}, {checkpoint.Size} entries");
            if (VerifyWitnesses(signed, trust, checks) is { } unwitnessed)
            {
                return unwitnessed;
            }
            if (isSecond && proof.Index != entry.LogIndex)
            {
                return Failed(
                    Inclusion,
                    FailureCode.LogEntryInvalid,
                    "the proof is of another entry",
                    $"index {entry.LogIndex}",
                    $"index {proof.Index}"
                );
            }
            var computed = proof.ComputeRoot(MerkleTree.HashLeaf(entry.CanonicalizedBody.Span));
            if (computed is null || !computed.Equals(checkpoint.Root))
            {
                return Failed(
                    Inclusion,
                    FailureCode.LogEntryInvalid,
                    "the inclusion proof does not lead to the log's root",
                    checkpoint.Root.Hex,
                    computed?.Hex ?? $"a path of {proof.Hashes.Count} hashes, which no entry {proof.Index} of {proof.TreeSize} has"
                );
            }
            checks.Pass(Inclusion, $"entry {entry.LogIndex} of {log.BaseUrl.Host}");
        }
        else
        {
            if (trust.WitnessThreshold > 0)
            {
                return Failed(
                    Witnesses,
                    FailureCode.UntrustedLog,
                    "the entry has no checkpoint that witnesses could have cosigned",
                    $"a checkpoint cosigned by {trust.WitnessThreshold} witnesses",
                    "a promise only"
                );
            }
            checks.NotRequired(Inclusion, "the entry has a promise and no proof");
        }
        return VerifyPromise(entry, log, isSecond, checks);
    }

    private static Check? VerifyPromise(TransparencyLogEntry entry, LogInstance log, bool isSecond, CheckList checks)
    {
        if (isSecond)
        {
            // Such a log signs neither; what is there was put there by somebody else.
            if (entry.InclusionPromise is not null || entry.IntegratedTime is not null)
            {
                return Failed(
                    Promise,
                    FailureCode.LogEntryInvalid,
                    "a log of the second version makes no promises and tells no time",
                    "no inclusionPromise and no integratedTime",
                    entry.InclusionPromise is null ? $"integratedTime {entry.IntegratedTime}" : "an inclusionPromise"
                );
            }
            checks.NotRequired(Promise, "logs of the second version make no promises");
            return null;
        }
        if (entry.InclusionPromise is not { } promise)
        {
            checks.NotRequired(Promise, "the entry has no promise");
            return null;
        }
        if (entry.IntegratedTime is null)
        {
            return Failed(
                Promise,
                FailureCode.LogEntryInvalid,
                "the promise is over a time that is not there",
                "an integratedTime",
                "none"
            );
        }
        // A time that no calendar has would be an error further on, and a log can sign what it likes.
        if (entry.IntegratedTime > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
        {
            return Failed(
                Promise,
                FailureCode.LogEntryInvalid,
                "the log's time is none that exists",
                "seconds since 1970, up to the year 9999",
                $"{entry.IntegratedTime}"
            );
        }
        if (!log.Key.Verify(PromisedBytes(entry).Span, promise.Span))
        {
            return Failed(
                Promise,
                FailureCode.LogEntryInvalid,
                "the signed entry timestamp is not the log's",
                $"a signature by {log.Key.Algorithm} key {log.Key.Fingerprint} of {log.BaseUrl}",
                "one that does not verify over the entry's index, time and body"
            );
        }
        checks.Pass(Promise, $"integrated {Rfc3339.Format(DateTimeOffset.FromUnixTimeSeconds(entry.IntegratedTime.Value))}");
        return null;
    }

    private static (VerifiedCheckpoint? Checkpoint, string? Problem) VerifyCheckpoint(
        string text,
        LogInstance log,
        bool isSecond,
        IReadOnlyList<NoteKey> witnesses
    )
    {
        try
        {
            var note = SignedNote.Parse(Encoding.UTF8.GetBytes(text));
            var origin = note.Text[..note.Text.IndexOf('\n', StringComparison.Ordinal)];
            // A log of the first version adds the number of its current tree to its name, and signs under the name.
            var end = origin.IndexOf(" - ", StringComparison.Ordinal);
            var name =
                isSecond ? log.Origin
                : end < 0 ? origin
                : origin[..end];
            if (!NoteKey.IsName(name))
            {
                return (null, $"the checkpoint's origin '{origin}' is no name of a log");
            }
            var key = log.NoteKey.Under(name);
            IReadOnlyList<NoteKey> keys = isSecond ? [key] : FirstVersionKeys(key);
            var verdict = Checkpoint.Verify(note, isSecond ? log.Origin : origin, [.. keys, .. witnesses.Except(keys, SameId)]);
            return verdict.IsVerified ? (verdict.Verified, null) : (null, verdict.Message);
        }
        catch (MalformedDataException e)
        {
            return (null, e.Message);
        }
    }

    // For ECDSA the two ids are one.
    private static NoteKey[] FirstVersionKeys(NoteKey key) =>
        key.ForFirstVersion() is var first && first.Id == key.Id ? [key] : [first, key];

    // A log and a witness of one name and id: the log's signature is the one that is needed.
    private static readonly IEqualityComparer<NoteKey> SameId = EqualityComparer<NoteKey>.Create(
        (a, b) => a!.Name == b!.Name && a.Id == b.Id,
        k => (int)k.Id
    );

    private static Check? VerifyWitnesses(VerifiedCheckpoint checkpoint, SigstoreTrust trust, CheckList checks)
    {
        if (trust.WitnessThreshold == 0)
        {
            checks.NotRequired(Witnesses, "no witnesses are asked for");
            return null;
        }
        var names = checkpoint.Note.Signatures.Where(s => s.Key.Type == NoteKeyType.Cosignature).Select(s => s.Key.Name).ToList();
        if (names.Count < trust.WitnessThreshold)
        {
            return Failed(
                Witnesses,
                FailureCode.UntrustedLog,
                "too few trusted witnesses cosigned the log's checkpoint",
                $"{trust.WitnessThreshold} of {string.Join(", ", trust.Witnesses.Select(w => w.Name))}",
                names.Count == 0 ? "none" : $"{names.Count}: {string.Join(", ", names)}"
            ) with
            {
                Hint = "ask for fewer witnesses, give the keys of those that the log has, or sign again once they have cosigned",
            };
        }
        checks.Pass(Witnesses, $"{string.Join(", ", names)}; {trust.WitnessThreshold} needed");
        return null;
    }

    /// <summary>The canonical JSON (RFC 8785) that a promise is over; its members are written in the canonical order.</summary>
    internal static ReadOnlyMemory<byte> PromisedBytes(TransparencyLogEntry entry)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteBase64String("body", entry.CanonicalizedBody.Span);
            writer.WriteNumber("integratedTime", entry.IntegratedTime ?? 0);
            writer.WriteString("logID", Convert.ToHexStringLower(entry.LogId.Span));
            writer.WriteNumber("logIndex", entry.LogIndex);
            writer.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    private static Check Failed(string name, FailureCode code, string message, string expected, string? actual) =>
        new(name, CheckOutcome.Failed, code)
        {
            Message = message,
            Expected = expected,
            Actual = actual,
            Clause = name switch
            {
                Promise => "Rekor v1, signed entry timestamp",
                CheckpointCheck => "C2SP tlog-checkpoint; C2SP signed-note, \"Signatures\"",
                Witnesses => "C2SP tlog-cosignature",
                _ => "RFC 9162 §2.1.3.2",
            },
            Hint = "the bundle was changed after signing, or comes from another Sigstore instance than the trusted root",
        };
}

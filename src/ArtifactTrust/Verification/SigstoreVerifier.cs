using ArtifactTrust.Bundles;
using ArtifactTrust.Formats;
using ArtifactTrust.Trust;

namespace ArtifactTrust.Verification;

/// <summary>Verifies everything of a bundle that depends on a Sigstore instance: log entries, times and the certificate. Not the signature.</summary>
/// <remarks>Spec: Sigstore client specification, Verification; the order of checks is its own.</remarks>
internal sealed class SigstoreVerifier(SigstoreTrust trust)
{
    internal const string Material = "bundle.material";
    internal const string Body = "log.body";
    internal const string LogThreshold = "log.threshold";
    internal const string Token = "time.token";
    internal const string TimeThreshold = "time.threshold";
    internal const string LogValidity = "log.validity";
    internal const string Path = "certificate.path";
    internal const string Sct = "certificate.sct";
    internal const string Identity = "certificate.identity";

    /// <summary>The checks made here, in their order.</summary>
    internal static IReadOnlyList<string> Plan { get; } =
    [
        LogEntryVerifier.CheckpointCheck,
        LogEntryVerifier.Witnesses,
        LogEntryVerifier.Inclusion,
        LogEntryVerifier.Promise,
        Body,
        LogThreshold,
        Token,
        TimeThreshold,
        LogValidity,
        Path,
        Sct,
    ];

    /// <summary>Verifies a bundle with a certificate.</summary>
    internal (Provenance? Provenance, VerificationReport? Rejected) VerifyCertificate(
        Bundle bundle,
        ArtifactDigest artifact,
        CheckList checks
    )
    {
        Certificate[] certificates;
        IReadOnlyList<SignerKey> keys;
        CertificateIdentity identity;
        IReadOnlyList<SignedCertificateTimestamp> timestamps;
        IReadOnlyList<string> names;
        try
        {
            certificates = [.. bundle.Material.Certificates.Select((c, i) => Certificate.Read(c, $"certificate {i}"))];
            keys = SignerKey.Of(certificates[0]);
            identity = CertificateIdentity.Read(certificates[0]);
            timestamps = SignedCertificateTimestamp.Read(certificates[0]);
            names = certificates[0].ReadNames();
        }
        catch (MalformedDataException e)
        {
            return (null, checks.Fail(BundleVerifier.Malformed(Material, FailureCode.MalformedEvidence, e)));
        }
        if ((CertificatesProblem(bundle, certificates) ?? EntriesProblem(bundle)) is { } problem)
        {
            return (null, checks.Fail(problem));
        }
        checks.Pass(Material, bundle.MediaType);
        var (provenance, rejected) = VerifyLogsAndTimes(bundle, keys, artifact, true, checks);
        if (rejected is not null)
        {
            return (null, rejected);
        }
        CertificatePath? path = null;
        IReadOnlyList<DateTimeOffset> times = provenance!.Times is { Count: > 0 } proven ? proven : [trust.Clock!.GetUtcNow()];
        foreach (var time in times)
        {
            var (found, reason) = CertificatePath.Find(
                certificates[0],
                certificates[1..],
                trust.Root.CertificateAuthorities,
                CertificatePath.CodeSigning,
                time,
                trust.AllowsAuthorityAsSigner
            );
            if (found is null)
            {
                return (null, checks.Fail(NoPath(reason!, time)));
            }
            path ??= found;
        }
        checks.Pass(Path, path!.Authority.Name);
        return VerifyTimestamps(timestamps, certificates[0], path, checks) is { } failed
            ? (null, checks.Fail(failed))
            : (provenance with { Identity = identity, Names = names }, null);
    }

    /// <summary>Verifies the log entries and times of a bundle by a managed key.</summary>
    internal (Provenance? Provenance, VerificationReport? Rejected) VerifyManagedKey(
        Bundle bundle,
        IReadOnlyList<SignerKey> keys,
        ArtifactDigest artifact,
        CheckList checks
    )
    {
        if (EntriesProblem(bundle) is { } problem)
        {
            return (null, checks.Fail(problem));
        }
        checks.Pass(Material, bundle.MediaType);
        var (provenance, rejected) = VerifyLogsAndTimes(bundle, keys, artifact, false, checks);
        if (rejected is null)
        {
            checks.NotRequired(Path, "a managed key signed");
            checks.NotRequired(Sct, "a managed key signed");
        }
        return (provenance, rejected);
    }

    private (Provenance? Provenance, VerificationReport? Rejected) VerifyLogsAndTimes(
        Bundle bundle,
        IReadOnlyList<SignerKey> keys,
        ArtifactDigest artifact,
        bool hasCertificate,
        CheckList checks
    )
    {
        var logged = new List<(TransparencyLogEntry Entry, LogInstance Log)>();
        var candidates = keys;
        foreach (var entry in bundle.Material.LogEntries)
        {
            if (trust.Root.TransparencyLogs.FirstOrDefault(l => l.LogId.Span.SequenceEqual(entry.LogId.Span)) is not { } log)
            {
                checks.NotRequired(LogThreshold, $"an entry of the log {Convert.ToBase64String(entry.LogId.Span)}, which is not trusted");
                continue;
            }
            if (LogEntryVerifier.Verify(entry, log, trust, checks) is { } failed)
            {
                return (null, checks.Fail(failed));
            }
            var tried = candidates;
            var problems = tried.Select(k => LogEntryBody.Problem(entry, bundle, k, artifact)).ToList();
            candidates = [.. tried.Where((_, i) => problems[i] is null)];
            if (candidates.Count == 0)
            {
                // That pure Ed25519 has no place in a log of digests says nothing of a signature that was made for one.
                var told = Enumerable.Range(0, tried.Count).FirstOrDefault(i => tried[i].Key.Algorithm.PreHash is not null);
                return (null, checks.Fail(OtherEntry(problems[told]!)));
            }
            checks.Pass(Body, $"{entry.Kind} {entry.Version}");
            logged.Add((entry, log));
        }
        var logs = logged.DistinctBy(l => l.Log).Count();
        if (logs < trust.LogThreshold)
        {
            return (null, checks.Fail(TooFewLogs(logs)));
        }
        Note(checks, LogThreshold, logs, trust.LogThreshold, "logs");
        var (times, rejected) = VerifyTimes(bundle, logged, hasCertificate, checks);
        if (rejected is not null)
        {
            return (null, rejected);
        }
        return CheckValidity(logged, times, checks) is { } invalid
            ? (null, checks.Fail(invalid))
            : (new Provenance(candidates, null, times, []), null);
    }

    private (IReadOnlyList<DateTimeOffset> Times, VerificationReport? Rejected) VerifyTimes(
        Bundle bundle,
        List<(TransparencyLogEntry Entry, LogInstance Log)> logged,
        bool hasCertificate,
        CheckList checks
    )
    {
        var times = new List<DateTimeOffset>();
        var sources = new HashSet<object>(ReferenceEqualityComparer.Instance);
        // A time that the log did not sign is nobody's.
        foreach (var (entry, log) in logged.Where(l => l.Entry.InclusionPromise is not null))
        {
            times.Add(DateTimeOffset.FromUnixTimeSeconds(entry.IntegratedTime!.Value));
            sources.Add(log);
        }
        var signature = bundle.Envelope?.Signatures[0].Value ?? bundle.Message!.Signature;
        for (var i = 0; i < bundle.Material.Timestamps.Count; i++)
        {
            TimestampVerdict verdict;
            try
            {
                var token = TimestampToken.Parse(bundle.Material.Timestamps[i], $"timestamp {i}");
                verdict = token.Verify(signature.Span, trust.Root.TimestampAuthorities);
            }
            catch (MalformedDataException e)
            {
                return ([], checks.Fail(BadToken(e.Message)));
            }
            if (verdict.Time is { } time)
            {
                checks.Pass(Token, $"{Rfc3339.Format(time)} by {verdict.Authority!.Name}");
                times.Add(time);
                sources.Add(verdict.Authority);
            }
            else if (verdict.IsForeign)
            {
                checks.NotRequired(Token, verdict.Problem!);
            }
            else
            {
                return ([], checks.Fail(BadToken(verdict.Problem!)));
            }
        }
        var needed = Math.Max(trust.TimeThreshold, hasCertificate && trust.Clock is null ? 1 : 0);
        if (sources.Count < needed)
        {
            return (
                [],
                checks.Fail(
                    new Check(TimeThreshold, CheckOutcome.Failed, FailureCode.UntrustedTime)
                    {
                        Message = "nobody who is trusted says when the signature was made",
                        Expected = $"{needed} verified times of different sources",
                        Actual = $"{sources.Count}",
                        Clause = "Sigstore client specification, Verification, \"Establishing a Time for the Signature\"",
                        Hint = "sign with a time-stamp authority or a log that the trusted root has",
                    }
                )
            );
        }
        Note(checks, TimeThreshold, sources.Count, needed, "sources of time");
        return (times, null);
    }

    /// <summary>A log's key counts only while it was trusted: at the time the log itself signed, or else at all the others.</summary>
    private static Check? CheckValidity(
        List<(TransparencyLogEntry Entry, LogInstance Log)> logged,
        IReadOnlyList<DateTimeOffset> times,
        CheckList checks
    )
    {
        foreach (var (entry, log) in logged)
        {
            IReadOnlyList<DateTimeOffset> own = entry is { InclusionPromise: not null, IntegratedTime: { } seconds }
                ? [DateTimeOffset.FromUnixTimeSeconds(seconds)]
                : times;
            // Nobody says when the entry was made: whoever has the key of a log that is no more could have made it yesterday.
            if (own.Count == 0 && log.ValidFor.End is not null)
            {
                return new Check(LogValidity, CheckOutcome.Failed, FailureCode.LogEntryInvalid)
                {
                    Message = $"nobody says when the entry was made, and the key of {log.BaseUrl} is not trusted any more",
                    Expected = $"a verified time from {log.ValidFor}",
                    Actual = "no verified time",
                    Clause = "sigstore_trustroot.proto, TransparencyLogInstance, validFor",
                    Hint = "sign with a time-stamp authority that the trusted root has",
                };
            }
            if (own.Any(t => !log.ValidFor.Contains(t)))
            {
                return new Check(LogValidity, CheckOutcome.Failed, FailureCode.LogEntryInvalid)
                {
                    Message = $"the key of {log.BaseUrl} was not trusted when the entry was made",
                    Expected = log.ValidFor.ToString(),
                    Actual = string.Join(", ", own.Select(Rfc3339.Format)),
                    Clause = "sigstore_trustroot.proto, TransparencyLogInstance, validFor",
                };
            }
            checks.Pass(LogValidity, log.ValidFor.ToString());
        }
        return null;
    }

    private Check? VerifyTimestamps(
        IReadOnlyList<SignedCertificateTimestamp> timestamps,
        Certificate leaf,
        CertificatePath path,
        CheckList checks
    )
    {
        var logs = new HashSet<LogInstance>();
        foreach (var timestamp in timestamps)
        {
            if (trust.Root.CertificateLogs.FirstOrDefault(l => l.LogId.Span.SequenceEqual(timestamp.LogId.Span)) is not { } log)
            {
                continue;
            }
            string? problem = null;
            try
            {
                problem =
                    !log.ValidFor.Contains(timestamp.Time)
                        ? $"it is of {Rfc3339.Format(timestamp.Time)}, and the log is trusted from {log.ValidFor}"
                    : !timestamp.Verify(log.Key, leaf, path.Issuer) ? "the log's signature does not verify"
                    : null;
            }
            catch (MalformedDataException e)
            {
                problem = e.Message;
            }
            if (problem is not null)
            {
                return Unlogged(
                    $"the signed certificate timestamp of {log.BaseUrl} does not hold: {problem}",
                    "a valid timestamp",
                    problem
                );
            }
            logs.Add(log);
        }
        if (logs.Count < trust.CertificateLogThreshold)
        {
            return Unlogged(
                "too few trusted logs promised to publish the certificate",
                $"{trust.CertificateLogThreshold} signed certificate timestamps of trusted logs",
                $"{logs.Count}, of {timestamps.Count} in the certificate"
            );
        }
        Note(checks, Sct, logs.Count, trust.CertificateLogThreshold, "certificate logs");
        return null;
    }

    private Check? CertificatesProblem(Bundle bundle, Certificate[] certificates)
    {
        // OMS 1.0, "Certificate method", puts the whole chain into bundles of version 0.3. None of it is trusted either way.
        var isOwn = trust.IsForModels || trust.Root.IsOwnAuthority;
        var (message, expected) =
            bundle.Version == 3 && certificates.Length > 1 && !isOwn
                ? ("a bundle of version 0.3 holds the signer's certificate only", "one certificate")
            : !isOwn && certificates.Any(c => c.IsSelfIssued)
                ? ("the bundle holds a root certificate; roots come from the trusted root alone", "no self-issued certificate")
            : certificates[0].IsAuthority == true && !trust.AllowsAuthorityAsSigner
                ? ("the signer's certificate is that of an authority", "an end entity's certificate")
            : !certificates[0].MaySign ? ("the signer's certificate is not for signatures", "the key usage digitalSignature")
            : (null, null);
        return message is null
            ? null
            : new Check(Material, CheckOutcome.Failed, FailureCode.CertificateInvalid)
            {
                Message = message,
                Expected = expected,
                Actual = $"{certificates.Length} certificates, the first issued by {certificates[0].IssuerName}",
                Clause = "sigstore_bundle.proto, VerificationMaterial",
            };
    }

    /// <summary>What each version of the bundle asks of log entries.</summary>
    private static Check? EntriesProblem(Bundle bundle)
    {
        var entries = bundle.Material.LogEntries;
        var (message, expected) =
            entries.DistinctBy(e => (Convert.ToHexString(e.LogId.Span), e.LogIndex)).Count() != entries.Count
                ? ("one log entry is there twice", "different entries")
            : bundle.Version == 1 && entries.Any(e => e.InclusionPromise is null)
                ? ("a log entry of a bundle of version 0.1 has an inclusion promise", "an inclusionPromise")
            : bundle.Version > 1 && entries.Any(e => e.InclusionProof is null || e.Checkpoint is null)
                ? ("a log entry of this version has an inclusion proof with a checkpoint", "an inclusionProof with a checkpoint")
            : (null, null);
        return message is null
            ? null
            : new Check(Material, CheckOutcome.Failed, FailureCode.MalformedEvidence)
            {
                Message = message,
                Expected = expected,
                Actual = bundle.MediaType,
                Clause = "sigstore_bundle.proto, VerificationMaterial, tlog_entries",
            };
    }

    private static void Note(CheckList checks, string name, int found, int needed, string what)
    {
        if (found == 0 && needed == 0)
        {
            checks.NotRequired(name, $"no {what} are needed");
        }
        else
        {
            checks.Pass(name, $"{found} {what}, {needed} needed");
        }
    }

    private static Check OtherEntry(string problem) =>
        new(Body, CheckOutcome.Failed, FailureCode.LogEntryMismatch)
        {
            Message = $"the log recorded something else than this bundle: {problem}",
            Expected = "an entry of the bundle's signature, signer and content",
            Actual = problem,
            Clause = "Sigstore client specification, Verification, \"Transparency Log Entry\"",
            Hint = "is this the artifact that was signed?",
        };

    private Check TooFewLogs(int found) =>
        new(LogThreshold, CheckOutcome.Failed, FailureCode.UntrustedLog)
        {
            Message = "too few trusted logs hold the signature",
            Expected = $"{trust.LogThreshold} of {string.Join(", ", trust.Root.TransparencyLogs.Select(l => l.BaseUrl))}",
            Actual = $"{found}",
            Clause = "Sigstore client specification, Verification, \"Transparency Log Entry\"",
            Hint = "the bundle may come from another Sigstore instance; give its trusted root",
        };

    private static Check BadToken(string problem) =>
        new(Token, CheckOutcome.Failed, FailureCode.TimestampInvalid)
        {
            Message = problem,
            Expected = "a time-stamp token over the signature by an authority of the trusted root",
            Actual = problem,
            Clause = "RFC 3161 §2.4.2",
        };

    private static Check NoPath(string reason, DateTimeOffset time) =>
        new(Path, CheckOutcome.Failed, FailureCode.CertificateInvalid)
        {
            Message = $"the certificate does not lead to a trusted authority at {Rfc3339.Format(time)}: {reason}",
            Expected = "a path that is valid at every verified time",
            Actual = reason,
            Clause = "RFC 5280 §6.1",
        };

    private static Check Unlogged(string message, string expected, string actual) =>
        new(Sct, CheckOutcome.Failed, FailureCode.CertificateNotLogged)
        {
            Message = message,
            Expected = expected,
            Actual = actual,
            Clause = "RFC 6962 §3.2",
        };
}

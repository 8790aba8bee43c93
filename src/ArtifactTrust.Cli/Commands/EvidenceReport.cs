using System.Text.Json;
using ArtifactTrust.Bundles;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Signing;
using ArtifactTrust.Trust;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary>How evidence that was written or verified is shown.</summary>
internal static class EvidenceReport
{
    /// <summary>How many differing files of each kind the text lists; JSON has all.</summary>
    internal const int DifferencesShown = 10;

    /// <summary>Tells of a bundle that was made.</summary>
    internal static void Written(
        Session session,
        string command,
        string result,
        string name,
        DigestSet digests,
        string where,
        Bundle bundle,
        Credential signer,
        params IEnumerable<WrittenAttestation> inner
    )
    {
        var terminal = session.Terminal;
        if (terminal.Json)
        {
            terminal.WriteJson(writer =>
            {
                writer.WriteStartObject();
                Session.WriteHead(writer, command, result, ExitCode.Success);
                writer.WriteStartObject("subject");
                writer.WriteString("name", name);
                writer.WritePropertyName("digests");
                digests.WriteTo(writer);
                writer.WriteEndObject();
                writer.WriteString("written", where);
                writer.WriteString("bundleDigest", bundle.Digest.ToString());
                writer.WriteString("keyFingerprint", signer.PublicKey.Fingerprint.ToString());
                writer.WriteString("algorithm", signer.PublicKey.Algorithm.Name);
                if (signer.Identity is { } identity)
                {
                    WriteCertificate(writer, identity);
                }
                writer.WriteStartArray("logEntries");
                foreach (var entry in bundle.Material.LogEntries)
                {
                    writer.WriteStartObject();
                    writer.WriteString("logId", Convert.ToHexStringLower(entry.LogId.Span));
                    writer.WriteNumber("index", entry.LogIndex);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
                writer.WriteNumber("timestamps", bundle.Material.Timestamps.Count);
                WriteInner(writer, inner);
                writer.WriteEndObject();
            });
            return;
        }
        terminal.Line($"{result}: {Terminal.Clean(name)}");
        foreach (var (algorithm, value) in digests.Values)
        {
            terminal.Line($"  {algorithm, -8}{value}");
        }
        terminal.Line(
            // A certificate of model signing may name nobody.
            signer.Identity?.ToString()
                is { Length: > 0 } holder
                ? $"  signer  {Terminal.Clean(holder)}"
                : $"  key     {signer.PublicKey.Fingerprint} ({signer.PublicKey.Algorithm})"
        );
        foreach (var entry in bundle.Material.LogEntries)
        {
            terminal.Line($"  logged  as {entry.LogIndex} of {Convert.ToHexStringLower(entry.LogId.Span[..4])}");
        }
        terminal.Line($"  written {Terminal.Clean(where)}");
    }

    /// <summary>The manifests inside of an index that were signed too.</summary>
    private static void WriteInner(Utf8JsonWriter writer, IEnumerable<WrittenAttestation> inner)
    {
        var all = inner.ToList();
        if (all.Count == 0)
        {
            return;
        }
        writer.WriteStartArray("inner");
        foreach (var one in all)
        {
            writer.WriteStartObject();
            writer.WritePropertyName("digests");
            one.Digests.WriteTo(writer);
            writer.WriteString("written", one.Where);
            writer.WriteString("bundleDigest", one.Bundle.Digest.ToString());
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    /// <summary>Writes a report as text: each check that was made, and what to do about the one that failed.</summary>
    internal static void WriteText(Terminal terminal, VerificationReport report, string indent = "  ", bool failuresOnly = false) =>
        WriteText(terminal, report.Checks, indent, failuresOnly, report.Difference);

    /// <summary>Writes checks as text: each that was made, and what to do about the one that failed.</summary>
    internal static void WriteText(
        Terminal terminal,
        IReadOnlyList<Check> checks,
        string indent,
        bool failuresOnly = false,
        ManifestDiff? difference = null
    )
    {
        foreach (
            var check in checks.Where(c => c.Outcome != CheckOutcome.NotReached && (!failuresOnly || c.Outcome == CheckOutcome.Failed))
        )
        {
            var outcome = check.Outcome switch
            {
                CheckOutcome.Passed => "passed",
                CheckOutcome.NotRequired => "none",
                _ => "failed",
            };
            terminal.Line(
                $"{indent}{outcome, -8}{check.Name, -24}{Terminal.Clean(check.Message)}{(check.Outcome == CheckOutcome.Failed && check.Clause is not null ? $" ({check.Clause})" : "")}"
            );
            if (check.Outcome == CheckOutcome.Failed)
            {
                WriteDetail(terminal, indent, "expected", check.Expected);
                WriteDetail(terminal, indent, "actual", check.Actual);
                foreach (var line in difference?.Lines(DifferencesShown) ?? [])
                {
                    terminal.Line($"{indent}        {Terminal.Clean(line)}");
                }
                WriteDetail(terminal, indent, "hint", check.Hint);
            }
        }
    }

    /// <summary>Writes a report as a JSON object.</summary>
    internal static void WriteJson(Utf8JsonWriter writer, string source, Bundle? bundle, VerificationReport report)
    {
        writer.WriteStartObject();
        writer.WriteString("source", source);
        writer.WriteBoolean("verified", report.IsVerified);
        if (bundle is not null)
        {
            writer.WriteString("bundleDigest", bundle.Digest.ToString());
        }
        if (report.Verified is { } verified)
        {
            writer.WriteString("kind", verified.Kind == EvidenceKind.Signature ? "signature" : "attestation");
            writer.WriteString("keyFingerprint", verified.KeyFingerprint.ToString());
            if (verified.Identity is { } identity)
            {
                WriteCertificate(writer, identity);
            }
            if (verified.Times.Count > 0)
            {
                writer.WriteStrings("times", verified.Times.Select(t => Formats.Rfc3339.Format(t)));
            }
            if (verified.Statement is { } statement)
            {
                writer.WriteString("predicateType", statement.PredicateType);
            }
            if (verified.Annotations.Count > 0)
            {
                writer.WriteStartObject("annotations");
                foreach (var (name, value) in verified.Annotations.OrderBy(a => a.Key, Formats.CodePointOrder.Instance))
                {
                    writer.WriteString(name, value);
                }
                writer.WriteEndObject();
            }
        }
        if (report.PartialFiles is { } files)
        {
            writer.WriteStrings("partialFiles", files);
        }
        if (report.Difference is { } difference)
        {
            WriteDifference(writer, difference);
        }
        WriteChecks(writer, report.Checks);
        writer.WriteEndObject();
    }

    /// <summary>Writes checks as the member <c>checks</c> of a JSON object.</summary>
    internal static void WriteChecks(Utf8JsonWriter writer, IReadOnlyList<Check> checks)
    {
        writer.WriteStartArray("checks");
        foreach (var check in checks)
        {
            writer.WriteStartObject();
            writer.WriteString("name", check.Name);
            writer.WriteString("outcome", JsonNamingPolicy.CamelCase.ConvertName(check.Outcome.ToString()));
            if (check.Code != FailureCode.None)
            {
                writer.WriteString("code", JsonNamingPolicy.CamelCase.ConvertName(check.Code.ToString()));
            }
            WriteMember(writer, "message", check.Message);
            WriteMember(writer, "expected", check.Expected);
            WriteMember(writer, "actual", check.Actual);
            WriteMember(writer, "clause", check.Clause);
            WriteMember(writer, "hint", check.Hint);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void WriteCertificate(Utf8JsonWriter writer, CertificateIdentity identity)
    {
        writer.WriteStartObject("certificate");
        writer.WriteStrings("names", identity.Names);
        WriteMember(writer, "issuer", identity.Issuer);
        writer.WriteStartObject("claims");
        foreach (var (name, value) in identity.Claims.OrderBy(c => c.Key, Formats.CodePointOrder.Instance))
        {
            writer.WriteString(name, value);
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Writes the files that differ as the member <c>difference</c> of a JSON object.</summary>
    internal static void WriteDifference(Utf8JsonWriter writer, ManifestDiff difference)
    {
        writer.WriteStartObject("difference");
        Write("changed", difference.Changed.Select(c => (c.Name, (Digest?)c.Expected, (Digest?)c.Actual)));
        Write("added", difference.Added.Select(a => (a.Name, (Digest?)null, (Digest?)a.Digest)));
        Write("removed", difference.Removed.Select(r => (r.Name, (Digest?)r.Digest, (Digest?)null)));
        writer.WriteEndObject();

        void Write(string member, IEnumerable<(string Name, Digest? Expected, Digest? Actual)> files)
        {
            writer.WriteStartArray(member);
            foreach (var (name, expected, actual) in files)
            {
                writer.WriteStartObject();
                writer.WriteString("name", name);
                WriteMember(writer, "expected", expected?.ToString());
                WriteMember(writer, "actual", actual?.ToString());
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }
    }

    private static void WriteDetail(Terminal terminal, string indent, string label, string? text)
    {
        if (text is not null)
        {
            terminal.Line($"{indent}        {label, -9}{Terminal.Clean(text)}");
        }
    }

    private static void WriteMember(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }
}

using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>verify</c> by a trust policy of Notation's: one signature that holds is enough.</summary>
internal static class NotationVerification
{
    internal static async Task<int> RunAsync(
        Session session,
        OciReference reference,
        Platform? platform,
        Func<Images> openImages,
        NotationVerifier verifier,
        CancellationToken cancellation
    )
    {
        using var images = openImages();
        var (store, image) = await images.ResolveAsync(reference, platform, cancellation);
        var found = (await images.FindAsync(store, image, cancellation, legacyTags: false))
            .Where(f => f.IsNotation)
            .Select(f =>
                (
                    Found: f,
                    Report: f.Notation is { } signature
                        ? verifier.Verify(signature, image.MediaType, image.Digest, image.Size)
                        : NotationReport.Unreadable(f.Problem!)
                )
            )
            .ToList();
        var code =
            found.Any(f => f.Report.IsVerified) ? ExitCode.Success
            : found.Any(f => f.Report.IsUndecided) ? ExitCode.CouldNotTell
            : ExitCode.Rejected;
        return GatedCommand.RunAfter(
            session,
            VerifyCommand.Name,
            code,
            [new GatedSubject(reference.Place, new DigestSet(image.Digest))],
            (exitCode, problem) =>
            {
                var terminal = session.ResultTerminal;
                if (session.Terminal.Json)
                {
                    terminal.WriteJson(writer => WriteJson(writer, reference, image, found, code, exitCode, problem));
                }
                else
                {
                    WriteText(terminal, reference, image, found, code);
                }
            }
        );
    }

    /// <summary>Writes what an envelope claims as members of a JSON object.</summary>
    internal static void WriteClaims(Utf8JsonWriter writer, NotationSignature signature)
    {
        writer.WriteStartObject("notation");
        writer.WriteString("mediaType", signature.MediaType);
        writer.WriteString("digest", signature.Digest.ToString());
        writer.WriteString("algorithm", signature.Algorithm);
        writer.WriteString("signingScheme", signature.SigningScheme);
        WriteTime(writer, "signingTime", signature.SigningTime);
        WriteTime(writer, "expiry", signature.Expiry);
        writer.WriteBoolean("timestamped", signature.HasTimestamp);
        if (signature.SigningAgent is { } agent)
        {
            writer.WriteString("signingAgent", agent);
        }
        writer.WriteStartArray("certificates");
        foreach (var certificate in signature.Certificates)
        {
            writer.WriteStartObject();
            writer.WriteString("subject", certificate.Subject);
            writer.WriteString("issuer", certificate.Issuer);
            writer.WriteString("fingerprint", certificate.Fingerprint.ToString());
            WriteTime(writer, "notBefore", certificate.NotBefore);
            WriteTime(writer, "notAfter", certificate.NotAfter);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>What an envelope claims, in lines.</summary>
    internal static IEnumerable<string> Claims(NotationSignature signature)
    {
        yield return $"claims signer {signature.Certificates[0].Subject}";
        yield return $"{signature.Algorithm}, {signature.SigningScheme}, envelope {signature.MediaType}";
        yield return $"signed {Text(signature.SigningTime)}{(signature.Expiry is { } end ? $", to be used until {Rfc3339.Format(end)}" : "")}{(signature.HasTimestamp ? ", time-stamped" : "")}";
        foreach (var certificate in signature.Certificates)
        {
            yield return $"certificate {certificate.Fingerprint} of {certificate.Subject} by {certificate.Issuer}";
        }
    }

    private static void WriteText(
        Terminal terminal,
        OciReference reference,
        Descriptor image,
        List<(FoundEvidence Found, NotationReport Report)> found,
        int code
    )
    {
        var result = code switch
        {
            ExitCode.Success => "verified",
            ExitCode.Rejected => "rejected",
            _ => "could not tell",
        };
        terminal.Line($"{result}: {Terminal.Clean(reference.ToString())}");
        if (found.Count == 0)
        {
            terminal.Line("  failed  no Notation signature was found");
            terminal.Line("          hint     sign the image with notation, or verify other signatures without --notation-policy");
            return;
        }
        if (found.Any(f => f.Report.IsVerified))
        {
            terminal.Line($"  {image.Digest.Algorithm, -8}{image.Digest.Hex}");
        }
        foreach (var (evidence, report) in found.OrderByDescending(f => f.Report.IsVerified).ThenByDescending(f => f.Report.Failure?.Code))
        {
            terminal.Line($"  {Terminal.Clean(evidence.Source)}");
            if (report.Verified is { } verified)
            {
                terminal.Line($"    signer  {Terminal.Clean(verified.ToString())}");
            }
            EvidenceReport.WriteText(terminal, report.Checks, "    ");
        }
    }

    private static void WriteJson(
        Utf8JsonWriter writer,
        OciReference reference,
        Descriptor image,
        List<(FoundEvidence Found, NotationReport Report)> found,
        int code,
        int exitCode,
        string? problem
    )
    {
        writer.WriteStartObject();
        Session.WriteHead(
            writer,
            "verify",
            code switch
            {
                ExitCode.Success => "verified",
                ExitCode.Rejected => "rejected",
                _ => "error",
            },
            exitCode
        );
        writer.WriteStartObject("subject");
        writer.WriteString("kind", "image");
        writer.WriteString("name", reference.ToString());
        writer.WriteStartObject("digests");
        writer.WriteString(image.Digest.Algorithm.Name, image.Digest.Hex);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteStartArray("evidence");
        foreach (var (evidence, report) in found)
        {
            writer.WriteStartObject();
            writer.WriteString("source", evidence.Source);
            writer.WriteBoolean("verified", report.IsVerified);
            if (report.Verified is { } verified)
            {
                writer.WriteString("kind", "signature");
                writer.WriteString("signer", verified.Signer.Subject);
                writer.WriteString("rule", verified.Rule);
                writer.WriteStrings("times", verified.Times.Select(t => Rfc3339.Format(t)));
            }
            if (evidence.Notation is { } signature)
            {
                WriteClaims(writer, signature);
            }
            EvidenceReport.WriteChecks(writer, report.Checks);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        if (found.Count == 0 || code == ExitCode.CouldNotTell)
        {
            Session.WriteError(
                writer,
                found.Count == 0 ? "no-evidence" : "revocation",
                found.Count == 0
                    ? "no Notation signature was found"
                    : "whether a certificate was revoked would have to be asked, and is not"
            );
        }
        else if (problem is not null)
        {
            Session.WriteError(writer, GatedCommand.ErrorCode, problem);
        }
        writer.WriteEndObject();
    }

    private static void WriteTime(Utf8JsonWriter writer, string name, DateTimeOffset? time)
    {
        if (time is { } known)
        {
            writer.WriteString(name, Rfc3339.Format(known));
        }
    }

    private static string Text(DateTimeOffset? time) => time is { } known ? Rfc3339.Format(known) : "at no time it says";
}

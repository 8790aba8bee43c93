using System.Text.Json;
using ArtifactTrust.Cli.Console;
using ArtifactTrust.Cli.Tools;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Notation;
using ArtifactTrust.Oci;

namespace ArtifactTrust.Cli.Commands;

/// <summary>The verdict by a trust policy of Notation's: one signature that holds is enough.</summary>
internal sealed class NotationVerdict : SubjectVerdict
{
    private readonly OciReference _reference;
    private readonly Descriptor _image;
    private readonly IReadOnlyList<(FoundEvidence Found, NotationReport Report)> _found;

    private NotationVerdict(
        OciReference reference,
        Descriptor image,
        IReadOnlyList<(FoundEvidence Found, NotationReport Report)> found,
        int code
    )
        : base(code, new GatedSubject(reference.Place, new DigestSet(image.Digest)))
    {
        _reference = reference;
        _image = image;
        _found = found;
    }

    protected override (string Code, string Message)? Error =>
        _found.Count == 0 ? ("no-evidence", "no Notation signature was found")
        : Code == ExitCode.CouldNotTell ? ("revocation", "whether a certificate was revoked would have to be asked, and is not")
        : null;

    internal static async Task<NotationVerdict> FindAsync(
        Images images,
        OciReference reference,
        Platform? platform,
        NotationVerifier verifier,
        CancellationToken cancellation
    )
    {
        var (store, image) = await images.ResolveAsync(reference, platform, cancellation);
        var found = (await images.FindAsync(store, image, EvidencePlaces.Referrers, cancellation))
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
        return new NotationVerdict(reference, image, found, code);
    }

    protected override void WriteText(Terminal terminal)
    {
        terminal.Line($"{Text(Code)}: {Terminal.Clean(_reference.ToString())}");
        if (_found.Count == 0)
        {
            terminal.Line("  failed  no Notation signature was found");
            terminal.Line("          hint     sign the image with notation, or verify other signatures without --notation-policy");
            return;
        }
        if (_found.Any(f => f.Report.IsVerified))
        {
            terminal.Line($"  {_image.Digest.Algorithm, -8}{_image.Digest.Hex}");
        }
        foreach (var (evidence, report) in _found.OrderByDescending(f => f.Report.IsVerified).ThenByDescending(f => f.Report.Failure?.Code))
        {
            terminal.Line($"  {Terminal.Clean(evidence.Source)}");
            if (report.Verified is { } verified)
            {
                terminal.Line($"    signer  {Terminal.Clean(verified.ToString())}");
            }
            EvidenceReport.WriteText(terminal, report.Checks, "    ");
        }
    }

    protected override void WriteMembers(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("subject");
        writer.WriteString("kind", "image");
        writer.WriteString("name", _reference.ToString());
        writer.WriteStartObject("digests");
        writer.WriteString(_image.Digest.Algorithm.Name, _image.Digest.Hex);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteStartArray("evidence");
        foreach (var (evidence, report) in _found)
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
                NotationClaims.Write(writer, signature);
            }
            EvidenceReport.WriteChecks(writer, report.Checks);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }
}

using ArtifactTrust.Cli.Console;
using ArtifactTrust.Hashing;
using ArtifactTrust.Manifests;
using ArtifactTrust.Verification;

namespace ArtifactTrust.Cli.Commands;

/// <summary><c>verify --only</c>: some paths of a model against the signature of the whole. The rest is neither hashed nor judged.</summary>
internal static class PartialVerification
{
    /// <summary>Verifies the paths by each signature that is found; one that holds is enough.</summary>
    internal static int Run(
        Session session,
        BundleVerifier verifier,
        string path,
        IReadOnlyList<FoundEvidence> found,
        ModelVerificationOptions options,
        bool allowSymlinks,
        CancellationToken cancellation
    )
    {
        using var tree = FileTree.Open(path, allowSymlinks);
        var reports = session.Terminal.WithProgress(
            $"hashing {tree.Name}",
            0,
            progress =>
            {
                var files = new HashedTree(tree, progress, cancellation);
                return found
                    .Where(f => f.Bundle is null || (new ExaminedEvidence(f, null).ClaimedType is { } type && ModelVerifier.IsModel(type)))
                    .Select(f =>
                        (
                            Found: f,
                            Report: f.Bundle is null
                                ? VerificationReport.Unreadable(f.Problem ?? "the evidence cannot be read")
                                : new ModelVerifier(verifier).Verify(f.Bundle, files, options).Report
                        )
                    )
                    .ToList();
            }
        );
        var good = reports.Where(r => r.Report.IsPartlyVerified).ToList();
        var code = good.Count > 0 ? ExitCode.Success : ExitCode.Rejected;
        if (session.Terminal.Json)
        {
            WriteJson(session, tree.Name, options.Only, reports, code);
            return code;
        }
        var terminal = session.Terminal;
        terminal.Line($"{(good.Count > 0 ? "PARTIALLY verified" : "rejected")}: {Terminal.Clean(tree.Name)}");
        if (reports.Count == 0)
        {
            terminal.Line("  failed  no signature of a model was found");
        }
        foreach (var (evidence, report) in good.Count > 0 ? good : [.. reports.OrderByDescending(r => r.Report.Failure?.Code)])
        {
            terminal.Line($"  {Terminal.Clean(evidence.Source)}");
            EvidenceReport.WriteText(terminal, report, "    ");
        }
        return code;
    }

    private static void WriteJson(
        Session session,
        string name,
        IReadOnlyList<string> only,
        List<(FoundEvidence Found, VerificationReport Report)> reports,
        int code
    ) =>
        session.Terminal.WriteJson(writer =>
        {
            writer.WriteStartObject();
            Session.WriteHead(writer, "verify", code == ExitCode.Success ? "partially-verified" : "rejected", code);
            writer.WriteStartObject("subject");
            writer.WriteString("kind", "directory");
            writer.WriteString("name", name);
            writer.WriteEndObject();
            writer.WriteStrings("only", only);
            writer.WriteStartArray("evidence");
            foreach (var (found, report) in reports)
            {
                EvidenceReport.WriteJson(writer, found.Source, found.Bundle, report);
            }
            writer.WriteEndArray();
            if (reports.Count == 0)
            {
                writer.WriteStartObject("error");
                writer.WriteString("code", "no-evidence");
                writer.WriteString("message", "no signature of a model was found");
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        });
}

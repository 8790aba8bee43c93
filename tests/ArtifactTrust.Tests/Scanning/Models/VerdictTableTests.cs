using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ArtifactTrust.Scanning.Models;
using Severities = ArtifactTrust.Attestations.Predicates.Severities;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>The verdicts for the files that others collected, as published in docs/scan-verdicts.md.</summary>
public sealed class VerdictTableTests
{
    private const string Head = """
        # Verdicts

        What `scan --scanners model` says of every file of three public corpora, beside what picklescan 1.0.5 said of its own (a recorded
        run; `-` where it was not run). A test compares this page with what the scanner says; `APPROVE=1` rewrites it. Names are
        those of the corpora: [picklescan](https://github.com/mmaitre314/picklescan) and
        [modelaudit](https://github.com/promptfoo/modelaudit) (MIT), [modelscan](https://github.com/protectai/modelscan) (Apache 2.0),
        and samples of formats.

        Rules: 

        """;

    [VectorFact]
    public void The_published_table_is_what_the_scanner_says()
    {
        var table = Table();
        var path = Path.Combine(Root(), "docs", "scan-verdicts.md");
        if (Environment.GetEnvironmentVariable("APPROVE") == "1")
        {
            File.WriteAllText(path, table);
        }
        Assert.Equal(File.ReadAllText(path), table);
    }

    private static string Table()
    {
        var root = Vectors.Require("scan");
        using var recorded = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(root, "picklescan/expected-picklescan-1.0.5.json")));
        var others = recorded.RootElement.EnumerateArray().ToDictionary(f => $"picklescan/{f.GetProperty("file").GetString()}", Recorded);
        var scanner = new ModelScanner();
        var rows = new List<string>();
        var (agreed, stricter, laxer) = (0, 0, 0);
        foreach (
            var name in Directory
                .EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(root, f).Replace('\\', '/'))
                .Where(n => n.Contains('/', StringComparison.Ordinal) && !n.Contains("expected-", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
        )
        {
            using var stream = File.OpenRead(Path.Combine(root, name));
            var scan = scanner.ScanFile(name, stream);
            var other = others.GetValueOrDefault(name, "-");
            var isAlarm = scan.Verdict is FileVerdict.Findings or FileVerdict.Inconclusive;
            agreed += other != "-" && other == "clean" != isAlarm ? 1 : 0;
            stricter += other == "clean" && isAlarm ? 1 : 0;
            laxer += other != "-" && other != "clean" && !isAlarm ? 1 : 0;
            var worst = scan.Findings is [var first, ..] ? $" {Severities.ToWord(first.Severity)}" : "";
            var rules = string.Join(", ", scan.Findings.Select(f => f.Id).Distinct().Order(StringComparer.Ordinal));
            rows.Add(
                $"| {name.Replace("/tests/assets", "/…", StringComparison.Ordinal)} | {other} | {Word(scan.Verdict)}{worst} | {rules} |"
            );
        }
        var text = new StringBuilder(Head.ReplaceLineEndings("\n").TrimEnd());
        text.Append(
            $" {ModelScanRules.Default.Id} {ModelScanRules.Default.Version}. Of {others.Count} files that both looked at: {agreed} alike, "
        );
        text.Append($"{stricter} only here not clean, {laxer} only there.\n\n");
        text.Append("| file | picklescan | here | rules |\n|---|---|---|---|\n");
        rows.ForEach(r => text.Append(r).Append('\n'));
        return text.ToString();
    }

    private static string Recorded(JsonElement file) =>
        file.TryGetProperty("exception", out _) || (file.TryGetProperty("err", out var error) && error.ValueKind == JsonValueKind.True)
            ? "error"
        : file.GetProperty("issues").GetInt32() > 0 ? "dangerous"
        : file.TryGetProperty("suspicious", out var suspicious) && suspicious.GetInt32() > 0 ? "suspicious"
        : "clean";

    private static string Word(FileVerdict verdict) => JsonNamingPolicy.CamelCase.ConvertName(verdict.ToString());

    private static string Root([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", ".."));
}

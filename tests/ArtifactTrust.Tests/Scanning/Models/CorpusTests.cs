using System.Text.Json;
using ArtifactTrust.Scanning.Models;
using Xunit.Abstractions;
using Severities = ArtifactTrust.Attestations.Predicates.Severities;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Models;

/// <summary>The model scanner against files that others collected: malicious ones, harmless ones, and formats it does not read.</summary>
public sealed class CorpusTests(ITestOutputHelper output)
{
    // Harmless by what their makers say of them, and by reading them.
    private static readonly string[] Harmless =
    [
        "picklescan/tests/data/bad_pytorch.pt",
        "picklescan/tests/data/benign",
        "picklescan/tests/data/new_pytorch_model.bin",
        "picklescan/tests/data/not_a_pickle.bin",
        "picklescan/tests/data/pytorch_model.bin",
        "picklescan/tests/data2/int_array",
        "picklescan/tests/data2/object_array",
        "modelaudit/tests/assets/samples/pickles/safe_",
        "modelaudit/tests/assets/samples/pytorch/safe_",
        "modelaudit/tests/assets/samples/archives/safe_",
        "modelaudit/tests/assets/scenarios/license_scenarios/",
        "formats/",
    ];

    // Not pickles: what makes them dangerous is read by other formats' scanners.
    private static readonly string[] OtherFormats = [".h5", ".json", ".j2", ".jinja", ".template", ".yaml", ".7z", ".pb", ".skops"];

    [VectorFact]
    public void No_malicious_pickle_is_clean_and_no_harmless_one_is_critical()
    {
        var scans = ScanAll();
        var table = string.Join('\n', scans.Select(Row));
        File.WriteAllText(Path.Combine(AppContext.BaseDirectory, "scan-corpus.tsv"), table + "\n");
        output.WriteLine(table);

        Assert.Equal(222, scans.Count);
        foreach (var scan in scans)
        {
            if (IsHarmless(scan.Name))
            {
                Assert.True(
                    scan.Findings.All(f => f.Severity < Severity.High),
                    $"{scan.Name}: {string.Join(", ", scan.Findings.Select(f => f.Title))}"
                );
            }
            else if (!OtherFormats.Contains(Path.GetExtension(scan.Name)) && IsModel(scan.Name))
            {
                Assert.True(
                    scan.Verdict is FileVerdict.Findings or FileVerdict.Inconclusive,
                    $"{scan.Name} is malicious and was found {scan.Verdict}"
                );
            }
        }
    }

    [VectorFact]
    public void Every_import_another_scanner_calls_dangerous_is_found()
    {
        var scans = ScanAll().ToDictionary(s => s.Name);
        using var expected = JsonDocument.Parse(File.ReadAllBytes(Vectors.Require("scan/picklescan/expected-picklescan-1.0.5.json")));
        var compared = 0;
        foreach (var file in expected.RootElement.EnumerateArray().Where(f => f.TryGetProperty("globals", out _)))
        {
            var scan = scans[$"picklescan/{file.GetProperty("file").GetString()}"];
            var found = scan
                .Imports.Where(i => i.Severity >= Severity.High)
                .Select(i => $"{i.Module}.{i.Name}")
                .ToHashSet(StringComparer.Ordinal);
            foreach (
                var import in file.GetProperty("globals")
                    .EnumerateArray()
                    .Select(g => g.GetString()!.Split(':'))
                    .Where(g => g[1] == "dangerous")
            )
            {
                compared++;
                if (!import[0].Contains("unknown", StringComparison.Ordinal))
                {
                    Assert.True(found.Contains(import[0]), $"{scan.Name}: {import[0]} was not found among {string.Join(", ", found)}");
                }
                else
                {
                    Assert.Contains(scan.Findings, f => f.Severity == Severity.Critical);
                }
            }
            if (file.GetProperty("issues").GetInt32() > 0)
            {
                Assert.Equal(FileVerdict.Findings, scan.Verdict);
            }
        }
        Assert.True(compared > 90, $"only {compared} imports were compared");
    }

    [VectorFact]
    public void Every_name_other_scanners_call_unsafe_is_at_least_high()
    {
        using var lists = JsonDocument.Parse(File.ReadAllBytes(Vectors.Require("scan/unsafe-globals.json")));
        // Harmless by themselves: the first needs a function that must have been imported too.
        var allowed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var module in lists.RootElement.GetProperty("unsafe").EnumerateObject().Where(m => m.Name != "(any)"))
        {
            foreach (var name in module.Value.EnumerateObject().Select(n => n.Name == "*" ? "anything" : n.Name))
            {
                var rule = ModelScanRules.Default.Judge(module.Name, name);
                Assert.True(rule?.Severity >= Severity.High, $"{module.Name}.{name}");
            }
        }
        Assert.Empty(allowed);
    }

    private static string Row(FileScan scan) =>
        string.Join(
            '\t',
            scan.Verdict,
            scan.Findings is [var worst, ..] ? Severities.ToWord(worst.Severity) : "-",
            scan.Name,
            scan.Format,
            string.Join(", ", scan.Imports.Where(i => i.Severity is not null).Select(i => $"{i.Module}.{i.Name}")),
            string.Join(", ", scan.Findings.Where(f => !f.Id.StartsWith("import", StringComparison.Ordinal)).Select(f => f.Id)),
            string.Join(" | ", scan.Gaps)
        );

    private static bool IsHarmless(string name) => Harmless.Any(h => name.StartsWith(h, StringComparison.Ordinal));

    private static bool IsModel(string name) =>
        Path.GetExtension(name) is not (".csv" or ".md" or "")
        && !name.Contains("LICENSE", StringComparison.Ordinal)
        && !name.StartsWith("formats/", StringComparison.Ordinal);

    private static List<FileScan> ScanAll()
    {
        var root = Vectors.Require("scan");
        var scanner = new ModelScanner();
        return
        [
            .. Directory
                .EnumerateFiles(root, "*", SearchOption.AllDirectories)
                .Where(f =>
                    !f.EndsWith("unsafe-globals.json", StringComparison.Ordinal) && !f.Contains("expected-", StringComparison.Ordinal)
                )
                .Order(StringComparer.Ordinal)
                .Select(f =>
                {
                    using var stream = File.OpenRead(f);
                    return scanner.ScanFile(Path.GetRelativePath(root, f).Replace('\\', '/'), stream);
                }),
        ];
    }
}

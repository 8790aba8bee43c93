using System.Text;
using System.Text.Json;
using ArtifactTrust.Attestations.Predicates;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Data;
using ArtifactTrust.Scanning.Reports;
using ArtifactTrust.Scanning.Secrets;
using ArtifactTrust.Scanning.Waivers;
using ArtifactTrust.Tests.Scanning.Data;
using Xunit.Abstractions;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using ScanFinding = ArtifactTrust.Scanning.Finding;

namespace ArtifactTrust.Tests.Fuzzing;

/// <summary>Near misses of data, of what is said about findings, and of what other scanners write.</summary>
public sealed class DataFuzzTests(ITestOutputHelper output)
{
    private const string Csv =
        "id,mail,phone,card,note\n1,ann@mail.org,+44 20 7946 0958,4539 1488 0343 6467,\"a \"\"b\"\"\nc\"\r\n2,,(212) 456-7890,DE89370400440532013000,52.95.110.1\n";

    private const string JsonLines =
        """{"mail":"ann@mail.org","a":[{"ip":"52.95.110.1"},4539148803436467],"password":"h\u0075nter-22x"}"""
        + "\n"
        + """{"ann@mail.org":{"iban":"DE89370400440532013000","n":1.5e3}}"""
        + "\n";

    private const string Text = "write to ann@mail.org\nor call (212) 456-7890, 123.456.789-09\n";

    private static readonly DateTimeOffset Now = new(2026, 11, 20, 0, 0, 0, TimeSpan.Zero);

    private static readonly byte[][] Seeds =
    [
        Bytes(Csv),
        Bytes(JsonLines),
        Bytes(Text),
        Gzip(Bytes(Csv)),
        Encoding.Unicode.GetBytes("\uFEFF" + Csv),
    ];

    [Fact]
    public void Data_about_people() =>
        new FuzzTarget(
            "data about people",
            Seeds,
            input =>
            {
                foreach (var name in (string[])["d.csv", "d.jsonl", "d.txt"])
                {
                    var scan = DataScanner.ScanFile(name, new MemoryStream(input));
                    Assert.All(scan.Columns, c => Assert.InRange(c.Count, 1, long.MaxValue));
                }
            }
        ).Fuzz(output);

    [VectorFact]
    public void Parquet()
    {
        var seeds = Directory
            .GetFiles(Vectors.Require("scan"), "*.parquet", SearchOption.AllDirectories)
            .Select(File.ReadAllBytes)
            .Where(b => b.Length < 100_000)
            .ToList();
        new FuzzTarget(
            "data about people in Parquet",
            seeds,
            input => Assert.NotNull(DataScanner.ScanFile("d.parquet", new MemoryStream(input)).Format)
        )
        {
            AllocatedBytes = 256L << 20,
        }.Fuzz(output);
    }

    [Fact]
    public void Arrow() =>
        new FuzzTarget(
            "data about people in Arrow",
            [.. ((string[])["people.arrow", "people.arrows", "people-zstd.arrow", "people-lz4.arrows"]).Select(DataSamples.Read)],
            input => Assert.NotNull(DataScanner.ScanFile("d.arrow", new MemoryStream(input)).Format)
        )
        {
            AllocatedBytes = 256L << 20,
        }.Fuzz(output);

    [Fact]
    public void Redaction_of_what_was_redacted_too() =>
        new FuzzTarget(
            "redaction",
            Seeds[..3],
            input =>
            {
                using var copy = new MemoryStream();
                new DataRedactor(PersonalDataKinds(), Replacement.Mask, []).Redact("d", new MemoryStream(input), copy);
                using var again = new MemoryStream();
                var second = new DataRedactor(PersonalDataKinds(), Replacement.Mask, []).Redact(
                    "d",
                    new MemoryStream(copy.ToArray()),
                    again
                );
                Assert.NotNull(second.Format);
            }
        ).Fuzz(output);

    [Fact]
    public void Secrets_are_never_repeated()
    {
        // Put together here, so that no scanner takes this file for one with a secret in it.
        var token = "ghp" + "_" + "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8";
        var seed = Bytes(
            $"a = 1\ntoken: \"{token}\"\nsecret_key = 'q8Zr5TnB2wXk9LmP4vHs'\n-----BEGIN " + "PRIVATE KEY-----\nMIIEvgIBADANBgkqhkiG\nQ~x\n"
        );
        new FuzzTarget(
            "secrets",
            [seed],
            input =>
            {
                var report = new SecretScanner().Scan("f", new MemoryStream(input), "f");
                Assert.All(report.Findings, f => Assert.DoesNotContain("A1b2C3d4", $"{f}", StringComparison.Ordinal));
                Assert.All(report.Findings, f => Assert.InRange(f.StartLine ?? 0, 1, input.Length));
            }
        ).Fuzz(output);
    }

    [Fact]
    public void Waivers() =>
        new FuzzTarget(
            "waivers",
            [
                Bytes(
                    "version: 1\nwaivers:\n  - id: CVE-2023-50447\n    reason: not reachable\n    expires: 2026-12-31\n    approvedBy: alice\n    path: '**/a*'\n  - id: X\n    reason: r\n    expires: 2027-01-01\n    purl: pkg:*\n"
                ),
            ],
            input => Assert.NotNull(ScanWaivers.Parse(input).Apply([Report("CVE-2023-50447")], Now).Reports)
        ).Fuzz(output);

    [Fact]
    public void Hostile_words_in_findings_give_reports_that_can_be_read() =>
        new FuzzTarget(
            "SARIF and JUnit of hostile words",
            [Bytes("../../etc/passwd:1\u0000\u202e<a>&\"]]>"), Bytes("m.pkl: byte 96"), Bytes("file:///C:/%zz?#\ud83d\ude00 %2e%2e/")],
            input =>
            {
                // As what decoders give: every byte, lone surrogates too.
                var word = Encoding.UTF8.GetString(input) + (char)(0xD800 + (input.Length & 0x7FF));
                using var sarif = JsonDocument.Parse(SarifReport.Create([Report(word)]));
                Assert.Equal("2.1.0", sarif.RootElement.GetProperty("version").GetString());
                var junit = JUnitReport.Create([Report(word)], _ => true);
                using var reader = System.Xml.XmlReader.Create(new MemoryStream(junit));
                while (reader.Read()) { }
            }
        ).Fuzz(output);

    [Fact]
    public void What_Trivy_writes() =>
        new FuzzTarget(
            "report of Trivy",
            [
                Bytes(
                    """{"SchemaVersion":2,"CreatedAt":"2026-11-20T00:00:00Z","ArtifactName":"a","Results":[{"Target":"t","Class":"os-pkgs","Type":"debian","Vulnerabilities":[{"VulnerabilityID":"CVE-1","PkgName":"p","PkgIdentifier":{"PURL":"pkg:deb/debian/p@1"},"InstalledVersion":"1","FixedVersion":"2","Severity":"HIGH","CVSS":{"nvd":{"V3Score":9.8}}}],"ExperimentalModifiedFindings":[{"Type":"vulnerability","Status":"not_affected","Statement":"s","Source":"vex.json","Finding":{"VulnerabilityID":"CVE-2","PkgName":"p","Severity":"LOW"}}]},{"Target":"Dockerfile","Class":"config","Misconfigurations":[{"ID":"DS002","Severity":"HIGH","Status":"FAIL","CauseMetadata":{"StartLine":1,"EndLine":2}}]},{"Target":"s","Class":"secret","Secrets":[{"RuleID":"r","Severity":"HIGH","StartLine":1,"EndLine":1}]}]}"""
                ),
            ],
            input => Assert.NotNull(TrivyReport.Parse(input))
        ).Fuzz(output);

    private static IEnumerable<PersonalDataKind> PersonalDataKinds() =>
        Enum.GetValues<PersonalDataKind>().Where(k => k != PersonalDataKind.Unknown);

    private static ScanReport Report(string word) =>
        new(
            SecretScanner.Identity,
            word,
            Now,
            Now,
            [
                new ScanFinding(word, FindingClass.Secret, Severity.High, word)
                {
                    Title = word,
                    Location = word,
                    StartLine = 1,
                    EndLine = 2,
                },
            ],
            [word]
        );
}

using System.Text.Json;
using ArtifactTrust.Formats;
using ArtifactTrust.Scanning;
using ArtifactTrust.Scanning.Models;
using static ArtifactTrust.Tests.Scanning.Models.Pickled;
using Severity = ArtifactTrust.Attestations.Predicates.Severity;

namespace ArtifactTrust.Tests.Scanning.Models;

public sealed class ModelScanRulesTests
{
    private const string Own = """
        {"id":"ours","version":"3",
         "deny":[{"id":"ours-old","severity":"CRITICAL","reason":"which has a hole","imports":{"torch._utils":["_rebuild_tensor_v2"],"old":["*"]}}],
         "allow":[{"reason":"Our models.","imports":{"my.models":["Net"],"functools":["partial"],"my.layers":["*"]}}]}
        """;

    [Fact]
    public void Rules_of_ones_own_go_first()
    {
        var rules = ModelScanRules.Default.With(Bytes(Own));
        Assert.Null(rules.Judge("my.models", "Net"));
        Assert.Null(rules.Judge("my.layers", "Anything"));
        Assert.Null(rules.Judge("functools", "partial"));
        Assert.Equal("import-unlisted", rules.Judge("my.models", "Other")?.Id);
        Assert.Equal("ours-old", rules.Judge("torch._utils", "_rebuild_tensor_v2")?.Id);
        Assert.Equal("ours-old", rules.Judge("old", "x")?.Id);
        Assert.Equal("import-program", rules.Judge("os", "system")?.Id);
        Assert.Equal(["artifact-trust/model-scan", "ours"], rules.Sources.Select(s => s.Id));
        Assert.NotEqual(ModelScanRules.Default.Digest, rules.Digest);
        Assert.Equal(rules.Digest, ModelScanRules.Default.With(Bytes(Own)).Digest);
        var both = rules.With(
            Bytes(
                """{"id":"b","version":"1","deny":[{"id":"b-x","severity":"LOW","reason":"for a test","imports":{"my.models":["Net"]}}]}"""
            )
        );
        Assert.Equal("b-x", both.Judge("my.models", "Net")?.Id);
        Assert.Null(both.Judge("my.layers", "X"));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"id":"a","version":"1","more":1}""")]
    [InlineData("""{"id":"a","version":"1","deny":{}}""")]
    [InlineData("""{"id":"a","version":"1","deny":[{"id":"x","severity":"BAD","reason":"r","imports":{"a":["b"]}}]}""")]
    [InlineData("""{"id":"a","version":"1","deny":[{"id":"x","severity":"HIGH","imports":{"a":["b"]}}]}""")]
    [InlineData("""{"id":"a","version":"1","allow":[{"imports":{"a":["b"]}}]}""")]
    [InlineData("""{"id":"a","version":"1","allow":[{"reason":"","imports":{"a":["b"]}}]}""")]
    [InlineData("""{"id":"a","version":"1","allow":[{"reason":"r","imports":{"a":"b"}}]}""")]
    [InlineData("""{"id":"a","version":"1","allow":[{"reason":"r","imports":{"a":[1]}}]}""")]
    [InlineData("""{"id":"a","version":"1","allow":[1]}""")]
    public void Rules_of_another_form_are_refused(string json) =>
        Assert.Throws<MalformedDataException>(() => ModelScanRules.Default.With(Bytes(json)));

    [Fact]
    public void Single_imports_are_allowed_unless_they_are_denied()
    {
        var rules = ModelScanRules.Default.Allowing(["my.models.Net"]);
        Assert.Null(rules.Judge("my.models", "Net"));
        Assert.Equal(2, rules.Sources.Count);
        Assert.Same(ModelScanRules.Default, ModelScanRules.Default.Allowing([]));
        foreach (var refused in new[] { "os.system", "functools.partial", "Net", ".x", "x." })
        {
            Assert.Throws<ArgumentException>(() => ModelScanRules.Default.Allowing([refused]));
        }
    }

    [Fact]
    public void In_strict_mode_what_is_on_no_list_is_critical()
    {
        var strict = ModelScanRules.Default.Strict();
        Assert.True(strict.IsStrict);
        Assert.Equal(Severity.Critical, strict.Judge("my.models", "Net")?.Severity);
        Assert.Equal(Severity.High, ModelScanRules.Default.Judge("my.models", "Net")?.Severity);
        Assert.Null(strict.Judge("collections", "OrderedDict"));
        Assert.NotEqual(ModelScanRules.Default.Digest, strict.Digest);
        Assert.True(strict.With(Bytes(Own)).IsStrict);
    }

    [Fact]
    public void The_predicate_says_what_was_found_where()
    {
        var report = new ModelScanner(ModelScanRules.Default.Strict()).Scan("m.zip", new MemoryStream(Zip(("x", Malicious))));
        using var json = JsonDocument.Parse(ModelScanPredicate.Create(report));
        var root = json.RootElement;
        Assert.True(root.GetProperty("rules").GetProperty("strict").GetBoolean());
        Assert.Equal(1, root.GetProperty("counts").GetProperty("findings").GetInt32());
        var file = root.GetProperty("files")[0];
        Assert.Equal("findings", file.GetProperty("verdict").GetString());
        var finding = file.GetProperty("findings")[0];
        Assert.Equal("import-program", finding.GetProperty("rule").GetString());
        Assert.Equal("x: byte 0", finding.GetProperty("location").GetString());
        // The member's data stands behind a header of 30 bytes and its name.
        Assert.Equal(31, finding.GetProperty("byteOffset").GetInt64());
        Assert.Equal("system", file.GetProperty("imports")[0].GetProperty("name").GetString());
    }
}

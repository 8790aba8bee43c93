using System.Text.Json.Nodes;
using ArtifactTrust.EndToEnd.Cli;

namespace ArtifactTrust.EndToEnd.Sbom;

/// <summary>What is done with SBOMs that are there: validate, merge, diff, completeness.</summary>
public sealed class SbomVerbTests : IDisposable
{
    private const int Rejected = 1;
    private const int Usage = 2;

    private static readonly Dictionary<string, string?> Epoch = new() { ["SOURCE_DATE_EPOCH"] = "1700000000" };

    private readonly Scene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData("cyclonedx-xml", "CycloneDX XML", "merge", "--name", "release")]
    [InlineData("spdx-json", "SPDX 2 JSON", "merge", "--name", "release")]
    [InlineData("spdx3-json", "SPDX 3 JSON", "completeness")]
    [InlineData("spdx3-json", "SPDX 3 JSON", "diff", "other")]
    public void An_SBOM_in_a_format_that_is_not_read_is_named_as_such(string format, string named, string verb, params string[] more)
    {
        _scene.Require("sbom", "model", "--format", format, "--to", "other");
        _scene.Refuses(Rejected, $"'other' is {named}, and CycloneDX JSON", ["sbom", verb, "other", .. more]);
    }

    [Theory]
    [InlineData("cyclonedx-json", "1.6", "CycloneDX 1.6")]
    [InlineData("cyclonedx-json", "1.7", "CycloneDX 1.7")]
    [InlineData("cyclonedx-xml", null, "CycloneDX 1.6")]
    [InlineData("cyclonedx-xml", "1.7", "CycloneDX 1.7")]
    [InlineData("spdx-json", null, "SPDX 2.3")]
    [InlineData("spdx3-json", null, "SPDX 3.0.1")]
    public void What_is_written_is_valid(string format, string? version, string named)
    {
        _scene.Require([
            "sbom",
            "model",
            "--format",
            format,
            .. version is null ? [] : (string[])["--spec-version", version],
            "--to",
            "m.json",
        ]);
        Assert.Equal($"valid: m.json\n  {named}\n", _scene.Require("sbom", "validate", "m.json").Output);
        var json = _scene.Require("sbom", "validate", "m.json", "--output", "json").Json();
        Assert.Equal("valid", json.GetProperty("result").GetString());
        Assert.Equal(0, json.GetProperty("errors").GetArrayLength());
    }

    [Theory]
    [InlineData("cyclonedx-json")]
    [InlineData("cyclonedx-xml")]
    [InlineData("spdx-json")]
    [InlineData("spdx3-json")]
    public void A_secret_that_the_files_repeat_is_never_published(string format)
    {
        // Put together here, so that no file holds it whole.
        foreach (
            var secret in (string[])["ghp_" + "a1Q9bR7cS3dT5eU2fV8gW4ha1Q9bR7cS3dT5", "https://me:" + "kq7-Tr9x" + "@host.example/base"]
        )
        {
            _scene.Write("model/README.md", $"---\nlicense: mit\nbase_model: {secret}\n---\n# m {secret}\n");
            var ended = _scene.Run("sbom", "model", "--format", format, "--to", "m.sbom");
            Assert.True(ended.ExitCode == Rejected, ended.ToString());
            Assert.Contains("would hold a secret", ended.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain(secret, ended.Text, StringComparison.Ordinal);
            Assert.False(File.Exists(_scene.At("m.sbom")));
        }
    }

    [Fact]
    public void What_is_wrong_is_named_with_its_place_and_reason()
    {
        var sbom = Made("model", "m.json");
        sbom["metadata"]!["component"]!["type"] = "spaceship";
        sbom["dependencies"]!.AsArray().Add(new JsonObject { ["ref"] = "nowhere" });
        _scene.Write("m.json", sbom.ToJsonString());
        var ended = _scene.Run("sbom", "validate", "m.json");
        Assert.Equal(Rejected, ended.ExitCode);
        Assert.StartsWith("invalid: m.json\n  CycloneDX 1.6\n", ended.Output, StringComparison.Ordinal);
        Assert.Contains("  error    /metadata/component/type  ", ended.Output, StringComparison.Ordinal);
        Assert.Contains("nowhere", ended.Output, StringComparison.Ordinal);
        var json = _scene.Run("sbom", "validate", "m.json", "--output", "json");
        Assert.Equal(Rejected, json.ExitCode);
        Assert.Contains(
            json.Json().GetProperty("errors").EnumerateArray(),
            e => e.GetProperty("pointer").GetString() == "/metadata/component/type" && e.GetProperty("reason").GetString()!.Length > 0
        );
    }

    [Fact]
    public void What_is_wrong_in_xml_is_named_with_its_line()
    {
        _scene.Write(
            "m.xml",
            "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\">\n<components><component type=\"spaceship\"/></components></bom>"
        );
        var ended = _scene.Run("sbom", "validate", "m.xml");
        Assert.Equal(Rejected, ended.ExitCode);
        Assert.StartsWith("invalid: m.xml\n  CycloneDX 1.6\n  error    line 2, column ", ended.Output, StringComparison.Ordinal);
        _scene.Write("m.xml", "<!DOCTYPE bom SYSTEM \"file:///etc/passwd\"><bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"/>");
        _scene.Refuses(Rejected, "DTD", "sbom", "validate", "m.xml");
    }

    [Theory]
    [InlineData("not json", Rejected)]
    [InlineData("{}", Rejected)]
    [InlineData("[]", Rejected)]
    [InlineData("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.3\"/>", Rejected)]
    [InlineData("{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"9.9\"}", Rejected)]
    public void What_is_no_SBOM_is_refused_by_every_verb(string content, int exitCode)
    {
        _scene.Write("x.json", content);
        _scene.Refuses(exitCode, "", "sbom", "validate", "x.json");
        _scene.Refuses(exitCode, "", "sbom", "completeness", "x.json");
        _scene.Refuses(exitCode, "", "sbom", "merge", "x.json", "--name", "release", "--to", "out.json");
        _scene.Refuses(exitCode, "", "sbom", "diff", "x.json", "x.json");
    }

    [Fact]
    public void A_file_that_is_not_there_is_a_mistake_of_the_user()
    {
        _scene.Refuses(Usage, "nothing.json", "sbom", "validate", "nothing.json");
        _scene.Refuses(Usage, "nothing.json", "sbom", "completeness", "nothing.json");
        _scene.Refuses(Usage, "nothing.json", "sbom", "merge", "nothing.json", "--name", "release");
        _scene.Refuses(Usage, "nothing.json", "sbom", "diff", "nothing.json", "nothing.json");
        _scene.Refuses(Usage, "does not exist", "sbom", "nothing");
    }

    [NeedsFact(Needs.Vectors)]
    public void A_model_a_dataset_and_an_image_become_a_release()
    {
        _scene.Shell($"cp -r '{Path.Join(Repository.Vectors, "trivy", "images", "oci")}' image && chmod -R u+w image");
        var parts = new[] { Made("model", "m.json"), Made("data.csv", "d.json", "--dataset"), Made("oci-layout:image:1.0", "i.json") };
        string[] merge = ["sbom", "merge", "m.json", "d.json", "i.json", "--name", "release", "--component-version", "2.0"];
        Assert.Equal(0, Tool.Run(_scene.Folder, Epoch, [.. merge, "--to", "release.json"]).ExitCode);
        _scene.Require("sbom", "validate", "release.json");
        var release = JsonNode.Parse(_scene.Read("release.json"))!;
        var root = release["metadata"]!["component"]!;
        Assert.Equal("release", (string?)root["name"]);
        Assert.Equal("2.0", (string?)root["version"]);
        var direct = release["dependencies"]!.AsArray().Single(d => (string?)d!["ref"] == (string?)root["bom-ref"]);
        Assert.Equal(3, direct!["dependsOn"]!.AsArray().Count);
        foreach (var part in parts)
        {
            Assert.Contains(
                $"\"{(string?)part["metadata"]!["component"]!["name"]}\"",
                _scene.Read("release.json"),
                StringComparison.Ordinal
            );
        }
        Assert.Equal(_scene.Read("release.json"), Tool.Run(_scene.Folder, Epoch, merge).Output);
        // Everything in the parts is in the release.
        var diff = _scene.Run("sbom", "diff", "i.json", "release.json", "--output", "json").Json();
        Assert.Equal(0, diff.GetProperty("removed").GetArrayLength());
    }

    [Fact]
    public void A_merge_needs_a_name_and_leaves_nothing_behind()
    {
        Made("model", "m.json");
        _scene.Refuses(Usage, "--name", "sbom", "merge", "m.json", "--to", "out.json");
        _scene.Refuses(Usage, "--name is empty", "sbom", "merge", "m.json", "--name", " ", "--to", "out.json");
    }

    [Fact]
    public void A_difference_ends_with_1_and_is_listed()
    {
        Made("model", "old.json");
        Assert.Equal("same\n", _scene.Require("sbom", "diff", "old.json", "old.json").Output);
        _scene.ChangeOneByte("model/weights.bin");
        _scene.Write("model/new.txt", "new\n");
        File.Delete(_scene.At("model/config.json"));
        Made("model", "new.json");
        var ended = _scene.Run("sbom", "diff", "old.json", "new.json");
        Assert.Equal(Rejected, ended.ExitCode);
        Assert.StartsWith("different: 1 added, 1 removed, ", ended.Output, StringComparison.Ordinal);
        Assert.Contains("  added    new.txt", ended.Output, StringComparison.Ordinal);
        Assert.Contains("  removed  config.json", ended.Output, StringComparison.Ordinal);
        Assert.Contains("  changed  weights.bin", ended.Output, StringComparison.Ordinal);
        Assert.Equal(0, _scene.Run("sbom", "diff", "old.json", "new.json", "--exit-zero").ExitCode);
        var json = _scene.Run("sbom", "diff", "old.json", "new.json", "--output", "json");
        Assert.Equal(Rejected, json.ExitCode);
        Assert.Equal(Rejected, json.Json().GetProperty("exitCode").GetInt32());
        Assert.Equal("new.txt", json.Json().GetProperty("added")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void A_score_below_the_one_asked_for_ends_with_1()
    {
        Made("model", "m.json");
        var ended = _scene.Require("sbom", "completeness", "m.json");
        Assert.Equal(4, ended.Output.Split('\n').Count(l => l.Contains(" of 100  ", StringComparison.Ordinal)));
        Assert.Contains("missing", ended.Output, StringComparison.Ordinal);
        string[] one = ["sbom", "completeness", "m.json", "--profile", "ntia-2021", "--output", "json"];
        var score = _scene.Require(one).Json().GetProperty("profiles")[0].GetProperty("score").GetInt32();
        _scene.Require([.. one, "--fail-under", $"{score}"]);
        var below = _scene.Run([.. one, "--fail-under", $"{score + 1}"]);
        Assert.Equal(Rejected, below.ExitCode);
        Assert.Equal(Rejected, below.Json().GetProperty("exitCode").GetInt32());
        var text = _scene.Run("sbom", "completeness", "m.json", "--fail-under", "100");
        Assert.Equal(Rejected, text.ExitCode);
        Assert.Contains("below 100: ntia-2021, ", text.Output, StringComparison.Ordinal);
        _scene.Refuses(Usage, "0 to 100", "sbom", "completeness", "m.json", "--fail-under", "101");
        _scene.Refuses(Usage, "", "sbom", "completeness", "m.json", "--profile", "mine");
    }

    [Fact]
    public void A_subject_is_scored_as_its_SBOM_is()
    {
        Made("model", "m.json");
        var scored = _scene.Require("sbom", "model", "--completeness").Output;
        Assert.Equal(_scene.Require("sbom", "completeness", "m.json").Output, scored);
        _scene.Require("sbom", "model", "--completeness", "--fail-under", "0");
        var below = _scene.Run("sbom", "model", "--completeness", "--fail-under", "100");
        Assert.Equal(Rejected, below.ExitCode);
        Assert.Contains("below 100", below.Output, StringComparison.Ordinal);
        _scene.Write("card.yaml", "supplier: Acme\nauthors: [{name: Jane}]\nidentifier: pkg:generic/acme@1\n");
        Assert.NotEqual(scored, _scene.Require("sbom", "model", "--completeness", "--card", "card.yaml").Output);
    }

    [Fact]
    public void Options_that_contradict_each_other_are_refused()
    {
        _scene.Refuses(Usage, "--fail-under is about a score", "sbom", "model", "--fail-under", "5");
        _scene.Refuses(Usage, "0 to 100", "sbom", "model", "--completeness", "--fail-under", "-1");
        _scene.Refuses(Usage, "--completeness writes no SBOM", "sbom", "model", "--completeness", "--to", "x.json");
        _scene.Refuses(Usage, "signs nothing", "sbom", "model", "--completeness", "--attest", "--key", "ci.key");
        _scene.Refuses(Usage, "is about a signature", "sbom", "model", "--completeness", "--key", "ci.key");
        _scene.Refuses(Usage, "--name is empty", "sbom", "model", "--name", " ");
        _scene.Refuses(Usage, "--name NAME", "sbom", "/", "--source");
    }

    private JsonNode Made(string subject, string file, params string[] more)
    {
        var ended = Tool.Run(_scene.Folder, Epoch, ["sbom", subject, .. more, "--to", file]);
        Assert.True(ended.ExitCode == 0, ended.ToString());
        return JsonNode.Parse(_scene.Read(file))!;
    }
}

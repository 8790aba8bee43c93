using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.Tests.Trust.Tuf;

public sealed class TufTargetTests : IDisposable
{
    private static readonly string[] Everything = ["targets", "snapshot", "timestamp"];

    private readonly TufFixture _fixture = new();

    private TufRepository Repository => _fixture.Repository;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("file.txt")]
    [InlineData("a/b/file with spaces.txt")]
    [InlineData("ü/#?%.json")]
    public async Task A_target_is_downloaded_once_and_then_taken_from_the_cache(string path)
    {
        Repository.AddTarget("targets", path, "content");
        var (plain, bytes) = Assert.Single(Repository.TargetFiles);
        Repository.TargetFiles.Clear();
        Repository.TargetFiles[string.Join('/', plain.Split('/').Select(Uri.EscapeDataString))] = bytes;
        Repository.Update(Everything);
        Assert.Equal("content", Encoding.UTF8.GetString((await _fixture.DownloadAsync(path)).Content.Span));
        Repository.TargetFiles.Clear();
        var download = await _fixture.DownloadAsync(path);
        Assert.Equal("content", Encoding.UTF8.GetString(download.Content.Span));
        Assert.Equal((path, 7L), (download.Target!.Path, download.Target.Length));
    }

    [Fact]
    public async Task A_target_that_changes_replaces_the_one_in_the_cache()
    {
        foreach (var content in (string[])["one", "two", "three"])
        {
            Repository.AddTarget("targets", "file", content);
            Repository.Update(Everything);
            Assert.Equal(content, Encoding.UTF8.GetString((await _fixture.DownloadAsync("file")).Content.Span));
        }
        Assert.Single(Directory.EnumerateFiles(Path.Combine(_fixture.Directory, "targets")));
    }

    [Fact]
    public async Task Arbitrary_software_that_no_role_describes_is_not_downloaded()
    {
        Repository.TargetFiles["malware"] = [1];
        await _fixture.RefuseDownloadAsync(TufFailureCode.NoSuchTarget, "malware");
        Assert.DoesNotContain("malware", Repository.Requests);
    }

    [Fact]
    public async Task Arbitrary_software_in_the_place_of_a_target_is_refused_and_not_kept()
    {
        Repository.AddTarget("targets", "file", "content");
        Repository.Update(Everything);
        var name = Repository.TargetFiles.Keys.Single();
        Repository.TargetFiles[name] = "CONTENT"u8.ToArray();
        await _fixture.RefuseDownloadAsync(TufFailureCode.HashMismatch, "file");
        Repository.TargetFiles[name] = "conten"u8.ToArray();
        await _fixture.RefuseDownloadAsync(TufFailureCode.LengthMismatch, "file");
        Repository.TargetFiles[name] = new byte[1 << 20];
        await _fixture.RefuseDownloadAsync(TufFailureCode.TooLong, "file");
        Repository.TargetFiles.Clear();
        await _fixture.RefuseDownloadAsync(TufFailureCode.Missing, "file");
        Assert.False(Directory.Exists(Path.Combine(_fixture.Directory, "targets")));
    }

    [Fact]
    public async Task A_target_changed_in_the_cache_is_downloaded_again()
    {
        Repository.AddTarget("targets", "file", "content");
        Repository.Update(Everything);
        await _fixture.DownloadAsync("file");
        File.WriteAllText(Path.Combine(_fixture.Directory, "targets", "file"), "CONTENT");
        Assert.Equal("content", Encoding.UTF8.GetString((await _fixture.DownloadAsync("file")).Content.Span));
    }

    [Fact]
    public async Task A_target_too_large_to_hold_is_refused_before_it_is_asked_for()
    {
        Repository.AddTarget("targets", "file", "content");
        Repository.Targets["targets"]!["file"]!["length"] = Limits.TufTargetBytes + 1L;
        Repository.Update(Everything);
        await _fixture.RefuseDownloadAsync(TufFailureCode.TooLong, "file");
    }

    [Theory]
    [InlineData("sha512")]
    [InlineData("sha384")]
    public async Task A_target_is_named_by_a_hash_that_is_known(string algorithm)
    {
        var digest = DigestAlgorithm.Find(algorithm)!.Hash("content"u8);
        Repository.AddTarget("targets", "file", "content");
        Repository.Targets["targets"]!["file"]!["hashes"] = new JsonObject { ["blake3"] = "ab", [algorithm] = digest.Hex };
        Repository.TargetFiles[$"{digest.Hex}.file"] = "content"u8.ToArray();
        Repository.Update(Everything);
        Assert.True((await _fixture.DownloadAsync("file")).IsTrusted);
    }

    [Fact]
    public async Task A_target_without_a_known_hash_is_refused()
    {
        Repository.AddTarget("targets", "file", "content");
        Repository.Targets["targets"]!["file"]!["hashes"] = new JsonObject { ["blake3"] = "ab" };
        Repository.Update(Everything);
        await _fixture.RefuseDownloadAsync(TufFailureCode.UnsupportedHash, "file");
    }

    [Fact]
    public async Task Each_of_several_hashes_must_match()
    {
        Repository.AddTarget("targets", "file", "content");
        Repository.Targets["targets"]!["file"]!["hashes"]!["sha512"] = DigestAlgorithm.Sha512.Hash("other"u8).Hex;
        Repository.Update(Everything);
        await _fixture.RefuseDownloadAsync(TufFailureCode.HashMismatch, "file");
    }

    [Theory]
    [InlineData("/file")]
    [InlineData("a/../file")]
    [InlineData("./file")]
    [InlineData("a//file")]
    [InlineData("a/")]
    [InlineData("a\\file")]
    [InlineData("a\nb")]
    public async Task A_path_that_is_not_plain_is_the_callers_mistake(string path)
    {
        var trust = await _fixture.AcceptAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => _fixture.Client.DownloadAsync(trust, path));
    }

    // Each delegation is from>to, with ! where it terminates and :pattern where that is not *.
    [Theory]
    [InlineData("targets>A", "A")]
    [InlineData("targets>A targets>B", "A B")]
    [InlineData("targets>A targets>B B>C", "A B C")]
    [InlineData("targets>A targets>B A>C A>D", "A C D B")]
    [InlineData("targets>A targets>B A>C C>D", "A C D B")]
    [InlineData("targets>A targets>B A>!C A>D", "A C")]
    [InlineData("targets>A targets>B A>!C C>D", "A C D")]
    [InlineData("targets>A:*.py targets>B A>C", "B")]
    [InlineData("targets>A targets>B A>C:*.py C>D", "A B")]
    [InlineData("targets>A targets>B B>C C>D D>B", "A B C D")]
    [InlineData("targets>A targets>B B>C A>C", "A C B")]
    [InlineData("targets>A targets>B B>C A>C:*.py", "A B C")]
    [InlineData("targets>!A:*.py targets>B", "B")]
    public async Task Delegated_roles_are_asked_in_order_of_trust_and_each_once(string graph, string order)
    {
        var roles = new HashSet<string>();
        foreach (var edge in graph.Split(' '))
        {
            var (from, to) = (edge.Split('>')[0], edge.Split('>')[1].Split(':'));
            var role = to[0].TrimStart('!');
            Repository.Delegate(from, role, [to.Length > 1 ? to[1] : "*"], to[0][0] == '!');
            roles.Add(role);
        }
        Repository.Publish([.. roles, "targets"]);
        Repository.Update("snapshot", "timestamp");
        var trust = await _fixture.AcceptAsync();
        Repository.Requests.Clear();
        Assert.Equal(TufFailureCode.NoSuchTarget, (await _fixture.Client.DownloadAsync(trust, "missing")).Failure!.Code);
        Assert.Equal(order.Split(' ').Select(r => $"1.{r}.json"), Repository.Requests);
    }

    [Fact]
    public async Task A_delegated_target_is_trusted_only_through_roles_that_cover_its_path()
    {
        Repository.Delegate("targets", "a", ["releases/*/*"]);
        Repository.Delegate("a", "b", ["releases/x/*"]);
        Repository.AddTarget("b", "releases/x/file", "good");
        Repository.AddTarget("b", "releases/y/file", "not b's to give");
        Repository.Publish("b", "a", "targets");
        Repository.Update("snapshot", "timestamp");
        Assert.True((await _fixture.DownloadAsync("releases/x/file")).IsTrusted);
        await _fixture.RefuseDownloadAsync(TufFailureCode.NoSuchTarget, "releases/y/file");
    }

    [Fact]
    public async Task The_first_role_that_describes_a_target_wins()
    {
        Repository.Delegate("targets", "a", ["*"]);
        Repository.Delegate("targets", "b", ["*"]);
        Repository.AddTarget("a", "file", "first");
        Repository.AddTarget("b", "file", "second");
        Repository.Publish("b", "a", "targets");
        Repository.Update("snapshot", "timestamp");
        Assert.Equal("first", Encoding.UTF8.GetString((await _fixture.DownloadAsync("file")).Content.Span));
    }

    [Fact]
    public async Task Hashed_bins_are_found_by_the_hash_of_the_path()
    {
        var hash = DigestAlgorithm.Sha256.Hash("file"u8).Hex;
        foreach (var (role, prefix) in (ValueTuple<string, string>[])[("other", hash[0] == 'f' ? "0" : "f"), ("bin", hash[..2])])
        {
            var json = Repository.Delegate("targets", role, []);
            json.Remove("paths");
            json["path_hash_prefixes"] = new JsonArray(prefix);
        }
        Repository.AddTarget("other", "file", "of another bin");
        Repository.AddTarget("bin", "file", "content");
        Repository.Publish("other", "bin", "targets");
        Repository.Update("snapshot", "timestamp");
        Assert.Equal("content", Encoding.UTF8.GetString((await _fixture.DownloadAsync("file")).Content.Span));
    }

    [Theory]
    [InlineData("expired", TufFailureCode.Expired)]
    [InlineData("unsigned", TufFailureCode.ThresholdNotMet)]
    [InlineData("unlisted", TufFailureCode.NotInSnapshot)]
    [InlineData("missing", TufFailureCode.Missing)]
    [InlineData("version", TufFailureCode.VersionMismatch)]
    [InlineData("type", TufFailureCode.WrongType)]
    public async Task A_delegated_role_that_is_not_trusted_ends_the_search(string how, TufFailureCode code)
    {
        Repository.Delegate("targets", "a", ["*"]);
        Repository.Delegate("targets", "b", ["*"]);
        Repository.AddTarget("b", "file", "behind the role that fails");
        switch (how)
        {
            case "expired":
                Repository["a"]["expires"] = "2026-01-01T00:00:00Z";
                break;
            case "unsigned":
                Repository.Signers["a"] = [SigningKey.Generate(SignatureAlgorithm.EcdsaP256)];
                break;
            case "type":
                Repository["a"]["_type"] = "snapshot";
                break;
        }
        Repository.Publish("a", "b", "targets");
        switch (how)
        {
            case "unlisted":
                Repository.Snapshot["meta"]!.AsObject().Remove("a.json");
                break;
            case "missing":
                Repository.Files.Remove("1.a.json");
                break;
            case "version":
                Repository["a"]["version"] = 9;
                Repository.Files["1.a.json"] = Repository.Sign("a", Repository["a"]);
                break;
        }
        Repository.Update("snapshot", "timestamp");
        Assert.Equal("a", (await _fixture.RefuseDownloadAsync(code, "file")).Role);
        Assert.Null(_fixture.Cached("a"));
    }

    [Fact]
    public async Task A_role_in_the_cache_has_no_authority_from_another_delegator()
    {
        Repository.Delegate("targets", "a", ["a/*"]);
        Repository.Delegate("targets", "b", ["b/*"]);
        Repository.Delegate("a", "shared", ["a/*"]);
        var signers = Repository.Signers["shared"];
        Repository.Signers["shared"] = [SigningKey.Generate(SignatureAlgorithm.EcdsaP256)];
        Repository.Delegate("b", "shared", ["b/*"]);
        Repository.Signers["shared"] = signers;
        Repository.AddTarget("shared", "a/file", "a");
        Repository.AddTarget("shared", "b/file", "b");
        Repository.Publish("shared", "a", "b", "targets");
        Repository.Update("snapshot", "timestamp");
        Assert.True((await _fixture.DownloadAsync("a/file")).IsTrusted);
        await _fixture.RefuseDownloadAsync(TufFailureCode.ThresholdNotMet, "b/file");
    }

    [Fact]
    public async Task A_long_chain_of_delegations_is_given_up()
    {
        var before = "targets";
        for (var i = 0; i < Limits.TufRolesVisited + 5; i++)
        {
            Repository.Delegate(before, $"r{i}", ["*"]);
            before = $"r{i}";
        }
        Repository.AddTarget(before, "file", "at the end");
        Repository.Publish([.. Enumerable.Range(0, Limits.TufRolesVisited + 5).Select(i => $"r{i}"), "targets"]);
        Repository.Update("snapshot", "timestamp");
        await _fixture.RefuseDownloadAsync(TufFailureCode.NoSuchTarget, "file");
        Assert.Equal(Limits.TufRolesVisited - 1, Repository.Requests.Count(r => r.StartsWith("1.r", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("?")]
    [InlineData("#")]
    [InlineData("/etc/passwd")]
    [InlineData("../../escape")]
    [InlineData("..")]
    [InlineData("ü name")]
    public async Task A_role_of_any_name_is_one_file_of_the_repository_and_of_the_cache(string role)
    {
        Repository.Delegate("targets", role, ["*"]);
        Repository.AddTarget(role, "file", "content");
        Repository.Publish(role, "targets");
        Repository.Update("snapshot", "timestamp");
        Assert.True((await _fixture.DownloadAsync("file")).IsTrusted);
        Assert.Contains($"1.{Uri.EscapeDataString(role)}.json", Repository.Requests);
        Assert.Equal(5, Directory.EnumerateFiles(_fixture.Directory, "*.json").Count());
    }

    [Theory]
    [InlineData("root")]
    [InlineData("Timestamp")]
    [InlineData("targets")]
    public async Task A_delegated_role_cannot_take_the_name_of_a_top_level_one(string role)
    {
        Repository.Delegate("targets", "x", ["*"])["name"] = role;
        Repository.Publish("x");
        Repository.Update(Everything);
        await _fixture.RefuseAsync(TufFailureCode.Malformed, "targets");
    }

    [Fact]
    public async Task Delegations_that_are_ambiguous_are_refused()
    {
        Repository.Delegate("targets", "x", ["*"])["path_hash_prefixes"] = new JsonArray("00");
        Repository.Publish("x");
        Repository.Update(Everything);
        await _fixture.RefuseAsync(TufFailureCode.Malformed, "targets");
        Repository.Targets.Remove("delegations");
        Repository.Delegate("targets", "x", ["*"]);
        Repository.Delegate("targets", "x", ["*"]);
        Repository.Update(Everything);
        await _fixture.RefuseAsync(TufFailureCode.Malformed, "targets");
    }

    [Theory]
    [InlineData("*", "file", true)]
    [InlineData("*", "a/file", false)]
    [InlineData("*", "", true)]
    [InlineData("a/*", "a/file", true)]
    [InlineData("a/*", "a/b/file", false)]
    [InlineData("*/*", "a/b", true)]
    [InlineData("*/x", "a/b/x", false)]
    [InlineData("a*/*x", "ab/cdx", true)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXbYbZ", false)]
    [InlineData("foo-?.tgz", "foo-1.tgz", true)]
    [InlineData("foo-?.tgz", "foo-10.tgz", false)]
    [InlineData("foo?bar", "foo/bar", false)]
    [InlineData("*.md", "README.MD", false)]
    [InlineData("[ab]", "a", false)]
    [InlineData("[ab]", "[ab]", true)]
    [InlineData("**", "a/b", false)]
    [InlineData("", "a", false)]
    public void Patterns_do_not_cross_directories(string pattern, string path, bool matches) =>
        Assert.Equal(matches, TufPathPattern.Matches(pattern, path));

    [Fact]
    public void A_pattern_made_to_be_slow_is_not()
    {
        var pattern = string.Concat(Enumerable.Repeat("a*", 500)) + "b";
        Assert.False(TufPathPattern.Matches(pattern, new string('a', 10_000)));
    }
}

using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.Tests.Trust.Tuf;

public sealed class TufRootTests : IDisposable
{
    private readonly TufFixture _fixture = new();

    private TufRepository Repository => _fixture.Repository;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Roots_are_followed_one_by_one_over_a_change_of_all_keys()
    {
        for (var version = 2; version <= 5; version++)
        {
            var before = Repository.Signers["root"];
            Repository.Rotate("root");
            Repository.Root["version"] = version;
            Repository.Files[$"{version}.root.json"] = TufRepository.Sign(Repository.Root, [.. before, .. Repository.Signers["root"]]);
        }
        Assert.Equal(5, (await _fixture.AcceptAsync()).Root.Header.Version);
        for (var version = 1; version <= 5; version++)
        {
            Assert.Equal(
                Repository.Files[$"{version}.root.json"],
                File.ReadAllBytes(Path.Combine(_fixture.Directory, "root_history", $"{version}.root.json"))
            );
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_root_that_only_the_old_or_only_the_new_keys_signed_is_refused(bool old)
    {
        var before = Repository.Signers["root"];
        Repository.Rotate("root");
        Repository.Root["version"] = 2;
        Repository.Files["2.root.json"] = TufRepository.Sign(Repository.Root, [.. old ? before : Repository.Signers["root"]]);
        await _fixture.RefuseAsync(TufFailureCode.ThresholdNotMet, "root");
        Assert.Equal(1, _fixture.Cached("root"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_root_whose_version_does_not_follow_is_refused(int version)
    {
        Repository.Root["version"] = version;
        Repository.Files["2.root.json"] = Repository.Sign("root", Repository.Root);
        await _fixture.RefuseAsync(TufFailureCode.VersionMismatch, "root");
        Assert.Equal(1, _fixture.Cached("root"));
    }

    [Fact]
    public async Task An_expired_root_in_the_middle_of_the_chain_is_passed()
    {
        Repository.Root["expires"] = "2026-01-01T00:00:00Z";
        Repository.Update("root");
        Repository.Root["expires"] = "2028-01-01T00:00:00Z";
        Repository.Update("root");
        Assert.Equal(3, (await _fixture.AcceptAsync()).Root.Header.Version);
    }

    [Fact]
    public async Task An_expired_root_at_the_end_of_the_chain_is_refused_and_the_next_one_recovers()
    {
        await _fixture.AcceptAsync();
        Repository.Root["expires"] = "2026-01-01T00:00:00Z";
        Repository.Update("root", "timestamp");
        await _fixture.RefuseAsync(TufFailureCode.Expired, "root");
        Assert.Equal((2, 1), (_fixture.Cached("root"), _fixture.Cached("timestamp")));
        Repository.Root["expires"] = "2028-01-01T00:00:00Z";
        Repository.Update("root");
        await _fixture.AcceptAsync();
    }

    [Fact]
    public async Task A_threshold_of_two_needs_two_keys()
    {
        Repository.AddSigner("snapshot");
        var third = Repository.AddSigner("snapshot");
        Repository.Root["roles"]!["snapshot"]!["threshold"] = 2;
        Repository.WriteKeys();
        Repository.Signers["snapshot"].RemoveRange(1, 2);
        Repository.Update("root", "snapshot", "timestamp");
        var failure = await _fixture.RefuseAsync(TufFailureCode.ThresholdNotMet, "snapshot");
        Assert.Equal(("2 of 3 keys", "1"), (failure.Expected, failure.Actual));
        Repository.Signers["snapshot"].Add(third);
        Repository.Update("snapshot", "timestamp");
        await _fixture.AcceptAsync();
    }

    [Fact]
    public async Task A_threshold_above_the_number_of_keys_is_never_met()
    {
        Repository.Root["roles"]!["timestamp"]!["threshold"] = 2;
        Repository.Update("root", "timestamp");
        await _fixture.RefuseAsync(TufFailureCode.ThresholdNotMet, "timestamp");
        Assert.Equal(2, _fixture.Cached("root"));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-1")]
    [InlineData("null")]
    [InlineData("\"1\"")]
    [InlineData("99999999999")]
    public async Task A_threshold_that_is_no_positive_number_is_refused(string threshold)
    {
        Repository.Root["roles"]!["timestamp"]!["threshold"] = JsonNode.Parse(threshold);
        Repository.Update("root");
        await _fixture.RefuseAsync(TufFailureCode.Malformed, "root");
    }

    [Fact]
    public async Task One_key_under_two_ids_counts_once()
    {
        var key = Repository.Signers["timestamp"][0];
        var again = TufRepository.KeyJson(key);
        again["x-note"] = "the same key once more";
        Repository.Root["keys"]!["another-id"] = again;
        Repository.Root["roles"]!["timestamp"]!["keyids"]!.AsArray().Add("another-id");
        Repository.Root["roles"]!["timestamp"]!["threshold"] = 2;
        Repository.Update("root", "timestamp");
        var json = JsonNode.Parse(Repository.Files["timestamp.json"])!;
        json["signatures"]!.AsArray().Add(new JsonObject { ["keyid"] = "another-id", ["sig"] = (string)json["signatures"]![0]!["sig"]! });
        Repository.Files["timestamp.json"] = Encoding.UTF8.GetBytes(json.ToJsonString());
        var failure = await _fixture.RefuseAsync(TufFailureCode.ThresholdNotMet, "timestamp");
        Assert.Equal("1", failure.Actual);
    }

    [Fact]
    public async Task A_key_id_that_signs_twice_is_refused()
    {
        var json = JsonNode.Parse(Repository.Files["timestamp.json"])!;
        json["signatures"]!.AsArray().Add(json["signatures"]![0]!.DeepClone());
        Repository.Files["timestamp.json"] = Encoding.UTF8.GetBytes(json.ToJsonString());
        Assert.Contains("twice", (await _fixture.RefuseAsync(TufFailureCode.Malformed, "timestamp")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_id_that_a_role_repeats_is_refused()
    {
        var ids = Repository.Root["roles"]!["timestamp"]!["keyids"]!.AsArray();
        ids.Add((string)ids[0]!);
        Repository.Update("root");
        await _fixture.RefuseAsync(TufFailureCode.Malformed, "root");
    }

    [Theory]
    [InlineData("")]
    [InlineData("not hex")]
    [InlineData("30450221")]
    public async Task A_signature_that_is_none_does_not_spoil_the_others(string signature)
    {
        Repository.AddSigner("timestamp");
        Repository.WriteKeys();
        Repository.Update("root", "timestamp");
        var json = JsonNode.Parse(Repository.Files["timestamp.json"])!;
        json["signatures"]![0]!["sig"] = signature;
        Repository.Files["timestamp.json"] = Encoding.UTF8.GetBytes(json.ToJsonString());
        await _fixture.AcceptAsync();
    }

    [Fact]
    public async Task A_key_of_an_unknown_kind_verifies_nothing_and_harms_nothing()
    {
        Repository.Root["keys"]!["x"] = new JsonObject
        {
            ["keytype"] = "xmss",
            ["scheme"] = "xmss",
            ["keyval"] = new JsonObject(),
        };
        Repository.Root["roles"]!["timestamp"]!["keyids"]!.AsArray().Add("x");
        Repository.Update("root");
        await _fixture.AcceptAsync();
        Repository.Root["roles"]!["timestamp"]!["threshold"] = 2;
        Repository.Update("root", "timestamp");
        await _fixture.RefuseAsync(TufFailureCode.ThresholdNotMet, "timestamp");
    }

    [Theory]
    [InlineData("public", "zz")]
    [InlineData("public", "")]
    [InlineData("public", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n")]
    [InlineData("private", "x")]
    public async Task A_key_that_cannot_be_read_is_refused(string member, string value)
    {
        Repository.Root["keys"]!["x"] = new JsonObject
        {
            ["keytype"] = "ecdsa",
            ["scheme"] = "ecdsa-sha2-nistp256",
            ["keyval"] = new JsonObject { [member] = value },
        };
        Repository.Update("root");
        await _fixture.RefuseAsync(TufFailureCode.Malformed, "root");
    }

    [Fact]
    public async Task A_key_of_another_curve_than_its_scheme_says_is_refused()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP384);
        Repository.Root["keys"]!["x"] = TufRepository.KeyJson(key);
        Repository.Update("root");
        await _fixture.RefuseAsync(TufFailureCode.Malformed, "root");
    }

    [Fact]
    public async Task A_key_written_as_a_bare_point_is_read_as_go_tuf_wrote_it()
    {
        var key = Repository.Signers["timestamp"][0];
        var json = TufRepository.KeyJson(key);
        json["keytype"] = "ecdsa-sha2-nistp256";
        json["keyval"]!["public"] = Convert.ToHexStringLower(key.PublicKey.SubjectPublicKeyInfo.Span[^65..]);
        Repository.Root["keys"]![TufRepository.KeyId(key)] = json;
        Repository.Update("root");
        Assert.Equal(key.PublicKey.Fingerprint, (await _fixture.AcceptAsync()).Root.Timestamp.Keys.Single().Fingerprint);
    }

    [Theory]
    [InlineData("PKIX_ED25519")]
    [InlineData("PKIX_RSA_PSS_SHA256")]
    public async Task Each_kind_of_key_of_the_specification_signs(string name)
    {
        var repository = new TufRepository(SignatureAlgorithm.All.Single(a => a.Name == name));
        using var directory = new TemporaryDirectory();
        var client = new TufClient(
            new TufCache(directory.Path),
            repository.FetchMetadata,
            repository.FetchTarget,
            _fixture.Clock,
            repository.InitialRoot
        );
        Assert.True((await client.UpdateAsync()).IsTrusted);
        repository.Rotate("timestamp");
        repository.Signers["timestamp"] = [SigningKey.Generate(SignatureAlgorithm.EcdsaP256)];
        repository.Update("root", "timestamp");
        Assert.Equal(TufFailureCode.ThresholdNotMet, (await client.UpdateAsync()).Failure!.Code);
    }

    [Theory]
    [InlineData("timestamp")]
    [InlineData("snapshot")]
    public async Task Fast_forward_versions_raised_by_an_attacker_are_forgotten_when_the_key_is_replaced(string role)
    {
        // The attacker had the snapshot's and the timestamp's keys.
        Repository.Timestamp["version"] = role is "timestamp" ? 1_000_000 : 1;
        Repository.Snapshot["meta"]!["targets.json"]!["version"] = 1;
        Repository.Snapshot["version"] = 1_000_000;
        Repository.Publish("snapshot", "timestamp");
        await _fixture.AcceptAsync();
        Repository.Snapshot["version"] = 2;
        Repository.Timestamp["version"] = 2;
        Repository.Publish("snapshot", "timestamp");
        await _fixture.RefuseAsync(TufFailureCode.Rollback, "timestamp");
        Repository.Rotate(role);
        Repository.Update("root");
        Repository.Publish("snapshot", "timestamp");
        var trust = await _fixture.AcceptAsync();
        Assert.Equal((2, 2), (trust.Timestamp.Header.Version, trust.Snapshot.Header.Version));
    }

    [Fact]
    public async Task A_key_that_is_only_added_does_not_lift_the_protection_against_rollback()
    {
        Repository.Update("timestamp");
        await _fixture.AcceptAsync();
        Repository.AddSigner("timestamp");
        Repository.WriteKeys();
        Repository.Timestamp["version"] = 1;
        Repository.Update("root");
        Repository.Publish("timestamp");
        await _fixture.RefuseAsync(TufFailureCode.Rollback, "timestamp");
    }

    [Fact]
    public async Task A_compromised_key_signs_nothing_after_it_was_replaced()
    {
        var stolen = Repository.Signers["targets"].ToArray();
        Repository.Rotate("targets");
        Repository.Update("root", "targets", "snapshot", "timestamp");
        await _fixture.AcceptAsync();
        Repository.Signers["targets"] = [.. stolen];
        Repository.Update("targets", "snapshot", "timestamp");
        await _fixture.RefuseAsync(TufFailureCode.ThresholdNotMet, "targets");
    }

    [Fact]
    public async Task There_is_no_trust_without_a_root()
    {
        using var directory = new TemporaryDirectory();
        var cache = new TufCache(directory.Path);
        var client = new TufClient(cache, Repository.FetchMetadata, Repository.FetchTarget, _fixture.Clock);
        Assert.Equal(TufFailureCode.NoTrustedRoot, (await client.UpdateAsync()).Failure!.Code);
        Assert.Empty(Repository.Requests);
    }

    [Theory]
    [InlineData("version")]
    [InlineData("roles")]
    [InlineData("keys")]
    [InlineData("expires")]
    [InlineData("_type")]
    public async Task An_initial_root_that_cannot_be_read_is_refused_at_once(string missing)
    {
        var json = JsonNode.Parse(Repository.InitialRoot)!;
        json["signed"]!.AsObject().Remove(missing);
        var root = Encoding.UTF8.GetBytes(json.ToJsonString());
        await Assert.ThrowsAsync<MalformedDataException>(() => _fixture.Cache.InitializeAsync(root));
        var client = new TufClient(_fixture.Cache, Repository.FetchMetadata, Repository.FetchTarget, _fixture.Clock, root);
        Assert.False((await client.UpdateAsync()).IsTrusted);
        Assert.Empty(Repository.Requests);
    }

    [Fact]
    public async Task An_initial_root_that_its_keys_did_not_sign_is_refused()
    {
        using var key = SigningKey.Generate(SignatureAlgorithm.EcdsaP256);
        var root = TufRepository.Sign(Repository.Root, key);
        await Assert.ThrowsAsync<MalformedDataException>(() => _fixture.Cache.InitializeAsync(root));
        File.WriteAllBytes(Path.Combine(_fixture.Directory, "root.json"), root);
        await _fixture.RefuseAsync(TufFailureCode.ThresholdNotMet, "root");
        Assert.Empty(Repository.Requests);
    }

    [Fact]
    public async Task With_an_initial_root_the_cache_cannot_bring_in_another_one()
    {
        var attacker = new TufRepository();
        attacker.Update("root");
        await _fixture.Cache.InitializeAsync(attacker.InitialRoot);
        _fixture.Cache.WriteRoot(2, attacker.Files["2.root.json"]);
        Repository.Update("root");
        var client = new TufClient(
            _fixture.Cache,
            Repository.FetchMetadata,
            Repository.FetchTarget,
            _fixture.Clock,
            Repository.InitialRoot
        );
        var trust = (await client.UpdateAsync()).Trust!;
        Assert.Equal(2, trust.Root.Header.Version);
        Assert.Equal(Repository.Signers["root"][0].PublicKey.Fingerprint, trust.Root.Root.Keys.Single().Fingerprint);
    }

    [Fact]
    public async Task With_an_initial_root_the_chain_in_the_cache_is_walked_and_only_what_follows_is_asked_for()
    {
        Repository.Update("root");
        Repository.Update("root");
        var client = new TufClient(
            _fixture.Cache,
            Repository.FetchMetadata,
            Repository.FetchTarget,
            _fixture.Clock,
            Repository.InitialRoot
        );
        Assert.Equal(3, (await client.UpdateAsync()).Trust!.Root.Header.Version);
        Repository.Requests.Clear();
        Assert.Equal(3, (await client.UpdateAsync()).Trust!.Root.Header.Version);
        Assert.Equal("4.root.json", Repository.Requests[0]);
        Assert.Equal(
            3,
            (await TufClient.Offline(_fixture.Cache, _fixture.Clock, Repository.InitialRoot).UpdateAsync()).Trust!.Root.Header.Version
        );
    }
}

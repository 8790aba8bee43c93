using System.Text;
using System.Text.Json.Nodes;
using ArtifactTrust.Formats;
using ArtifactTrust.Keys;
using ArtifactTrust.Trust.Tuf;

namespace ArtifactTrust.Tests.Trust.Tuf;

public sealed class TufUpdateTests : IDisposable
{
    private readonly TufFixture _fixture = new();

    private TufRepository Repository => _fixture.Repository;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_first_update_asks_for_the_four_roles_in_order_and_keeps_them_byte_for_byte()
    {
        Repository.Files["timestamp.json"] = [.. Repository.Files["timestamp.json"], (byte)' '];
        var trust = await _fixture.AcceptAsync();
        Assert.Equal(["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"], Repository.Requests);
        foreach (var role in TufRepository.TopLevel)
        {
            Assert.Equal(Repository.Files[$"{role}.json"], File.ReadAllBytes(Path.Combine(_fixture.Directory, $"{role}.json")));
        }
        Assert.Equal((1, 1, 1, 1), Versions(trust));
        Assert.Equal(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero), trust.Expires);
    }

    [Fact]
    public async Task An_update_without_news_asks_only_whether_there_are_some()
    {
        await _fixture.AcceptAsync();
        Repository.Requests.Clear();
        await _fixture.AcceptAsync();
        Assert.Equal(["2.root.json", "timestamp.json"], Repository.Requests);
    }

    [Fact]
    public async Task Files_have_no_versions_in_their_names_where_snapshots_are_not_consistent()
    {
        Repository.Root["consistent_snapshot"] = false;
        Repository.Update("root");
        await _fixture.AcceptAsync();
        Assert.Equal(["2.root.json", "3.root.json", "timestamp.json", "snapshot.json", "targets.json"], Repository.Requests);
    }

    [Fact]
    public async Task A_timestamp_of_the_same_version_and_other_content_is_ignored()
    {
        await _fixture.AcceptAsync();
        Repository.Timestamp["meta"]!["snapshot.json"]!["version"] = 100;
        Repository.Publish("timestamp");
        Assert.Equal(1, (await _fixture.AcceptAsync()).Timestamp.Snapshot.Version);
    }

    [Fact]
    public async Task Members_that_nobody_knows_are_signed_and_accepted()
    {
        Repository.Root["x-custom"] = new JsonObject { ["ü\"\\\n"] = new JsonArray(1, -2, true, null, "\u007f\u0001") };
        Repository.Update("root");
        Assert.Equal(2, (await _fixture.AcceptAsync()).Root.Header.Version);
    }

    [Theory]
    [InlineData("timestamp", "timestamp")]
    [InlineData("snapshot", "snapshot")]
    [InlineData("targets", "targets")]
    public async Task Metadata_that_other_keys_signed_is_refused(string role, string cachedBefore)
    {
        Repository.Signers[role] = [SigningKey.Generate(SignatureAlgorithm.EcdsaP256)];
        Repository.Update("targets", "snapshot", "timestamp");
        var failure = await _fixture.RefuseAsync(TufFailureCode.ThresholdNotMet, role);
        Assert.Equal(("1 of 1 keys", "0"), (failure.Expected, failure.Actual));
        Assert.Null(_fixture.Cached(cachedBefore));
    }

    [Theory]
    [InlineData("timestamp", "{")]
    [InlineData("snapshot", "")]
    [InlineData("targets", "[]")]
    [InlineData("targets", """{"signed":{},"signed":{},"signatures":[]}""")]
    [InlineData("root", "null")]
    public async Task Metadata_that_cannot_be_read_is_refused(string role, string content)
    {
        Repository.Files[
            role is "root" ? "2.root.json"
            : role is "timestamp" ? "timestamp.json"
            : $"1.{role}.json"
        ] = Encoding.UTF8.GetBytes(content);
        await _fixture.RefuseAsync(TufFailureCode.Malformed, role);
    }

    [Theory]
    [InlineData("timestamp")]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public async Task Metadata_that_is_missing_is_refused_and_the_next_update_recovers(string role)
    {
        var name = role is "timestamp" ? "timestamp.json" : $"1.{role}.json";
        Repository.Files.Remove(name, out var bytes);
        await _fixture.RefuseAsync(TufFailureCode.Missing, role);
        Repository.Files[name] = bytes!;
        await _fixture.AcceptAsync();
    }

    [Theory]
    [InlineData("timestamp")]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public async Task Metadata_of_another_type_is_refused_although_the_right_key_signed_it(string role)
    {
        Repository[role]["_type"] = role is "timestamp" ? "snapshot" : "timestamp";
        Repository.Publish("targets", "snapshot", "timestamp");
        await _fixture.RefuseAsync(TufFailureCode.WrongType, role);
    }

    [Fact]
    public async Task What_nobody_signed_reaches_no_terminal_as_it_is()
    {
        Repository.Timestamp["_type"] = "\u001b[2J\u0007";
        Repository.Publish("timestamp");
        var failure = await _fixture.RefuseAsync(TufFailureCode.WrongType, "timestamp");
        Assert.Equal(
            "timestamp: the file is of another role; expected timestamp, found \uFFFD[2J\uFFFD (TUF 1.0 §4.2.1)",
            failure.ToString()
        );
    }

    [Theory]
    [InlineData("2.0.0")]
    [InlineData("0.9")]
    [InlineData("1.")]
    [InlineData("1.0.31-beta")]
    [InlineData("")]
    public async Task A_specification_of_another_major_version_is_refused(string version)
    {
        Repository.Timestamp["spec_version"] = version;
        Repository.Publish("timestamp");
        Assert.Contains(
            "spec_version",
            (await _fixture.RefuseAsync(TufFailureCode.Malformed, "timestamp")).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("root", 2)]
    [InlineData("timestamp", 1)]
    [InlineData("snapshot", 1)]
    [InlineData("targets", 1)]
    public async Task Freeze_metadata_that_has_expired_is_refused(string role, long rootVersion)
    {
        Repository[role]["expires"] = "2027-01-01T00:00:00Z"; // the very instant of the update
        if (role is "root")
        {
            Repository.Update("root");
        }
        else
        {
            Repository.Publish("targets", "snapshot", "timestamp");
        }
        await _fixture.RefuseAsync(TufFailureCode.Expired, role);
        // A root is kept although it expired, since the next one is signed by its keys; the others are not.
        Assert.Equal(rootVersion, _fixture.Cached("root"));
        Assert.Null(role is "root" ? null : _fixture.Cached(role));
    }

    [Fact]
    public async Task Freeze_an_old_repository_is_refused_once_its_timestamp_expires()
    {
        Repository.Timestamp["expires"] = "2027-01-02T00:00:00Z";
        Repository.Publish("timestamp");
        await _fixture.AcceptAsync();
        _fixture.Clock.Now = new DateTimeOffset(2027, 1, 2, 0, 0, 0, TimeSpan.Zero);
        await _fixture.RefuseAsync(TufFailureCode.Expired, "timestamp");
        Repository.Timestamp["expires"] = "2027-02-02T00:00:00Z";
        Repository.Update("timestamp");
        await _fixture.AcceptAsync();
    }

    [Fact]
    public async Task The_time_is_fixed_when_the_update_begins()
    {
        Repository.Targets["expires"] = "2027-01-01T00:00:01Z";
        Repository.Publish("targets", "snapshot", "timestamp");
        Repository.OnRequest = _ => _fixture.Clock.Now += TimeSpan.FromHours(1);
        await _fixture.AcceptAsync();
    }

    [Fact]
    public async Task Rollback_an_older_timestamp_is_refused()
    {
        var old = Repository.Files["timestamp.json"];
        Repository.Update("timestamp");
        await _fixture.AcceptAsync();
        Repository.Files["timestamp.json"] = old;
        var failure = await _fixture.RefuseAsync(TufFailureCode.Rollback, "timestamp");
        Assert.Equal(("2 or more", "1"), (failure.Expected, failure.Actual));
        Assert.Equal(2, _fixture.Cached("timestamp"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rollback_a_timestamp_that_names_an_older_snapshot_is_refused(bool hashes)
    {
        Repository.ListsHashes = hashes;
        Repository.Update("snapshot", "timestamp");
        await _fixture.AcceptAsync();
        Repository.Snapshot["version"] = 1;
        Repository.Publish("snapshot");
        Repository.Update("timestamp");
        await _fixture.RefuseAsync(TufFailureCode.Rollback, "timestamp");
        Assert.Equal((2, 2), (_fixture.Cached("timestamp"), _fixture.Cached("snapshot")));
    }

    [Fact]
    public async Task Rollback_an_older_snapshot_is_refused_also_where_the_timestamp_was_lost()
    {
        Repository.Update("snapshot", "timestamp");
        await _fixture.AcceptAsync();
        File.Delete(Path.Combine(_fixture.Directory, "timestamp.json"));
        Repository.Snapshot["version"] = 1;
        Repository.Publish("snapshot");
        Repository.Update("timestamp");
        await _fixture.RefuseAsync(TufFailureCode.Rollback, "snapshot");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Rollback_a_snapshot_that_names_older_targets_is_refused(bool hashes)
    {
        Repository.ListsHashes = hashes;
        Repository.Update("targets", "snapshot", "timestamp");
        await _fixture.AcceptAsync();
        Repository.Targets["version"] = 1;
        Repository.Publish("targets");
        Repository.Update("snapshot", "timestamp");
        await _fixture.RefuseAsync(TufFailureCode.Rollback, "snapshot");
        Assert.Equal((2, 2), (_fixture.Cached("snapshot"), _fixture.Cached("targets")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Rollback_a_snapshot_that_drops_or_sets_back_a_delegated_role_is_refused(bool drops)
    {
        Repository.Delegate("targets", "team", ["*"]);
        Repository.Update("team", "targets", "snapshot", "timestamp");
        await _fixture.AcceptAsync();
        if (drops)
        {
            Repository.Snapshot["meta"]!.AsObject().Remove("team.json");
        }
        else
        {
            Repository.Snapshot["meta"]!["team.json"]!["version"] = 1;
        }
        Repository.Update("snapshot", "timestamp");
        await _fixture.RefuseAsync(TufFailureCode.Rollback, "snapshot");
    }

    [Theory]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public async Task Mix_and_match_a_version_other_than_the_one_listed_is_refused(string role)
    {
        Repository[role]["version"] = 7;
        Repository.Files[$"1.{role}.json"] = Repository.Sign(role, Repository[role]);
        var failure = await _fixture.RefuseAsync(TufFailureCode.VersionMismatch, role);
        Assert.Equal(("1", "7"), (failure.Expected, failure.Actual));
    }

    [Theory]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public async Task Mix_and_match_content_other_than_the_one_hashed_is_refused(string role)
    {
        Repository.ListsHashes = true;
        Repository.Update("targets", "snapshot", "timestamp");
        Repository[role]["expires"] = "2031-01-01T00:00:00Z"; // of the same length, and well signed
        Repository[role]["version"] = 2;
        var other = Repository.Sign(role, Repository[role]);
        // ECDSA signatures differ in length by chance.
        while (other.Length != Repository.Files[$"2.{role}.json"].Length)
        {
            other = Repository.Sign(role, Repository[role]);
        }
        Repository.Files[$"2.{role}.json"] = other;
        var failure = await _fixture.RefuseAsync(TufFailureCode.HashMismatch, role);
        Assert.StartsWith("sha256:", failure.Expected, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("snapshot")]
    [InlineData("targets")]
    public async Task Metadata_longer_or_shorter_than_listed_is_refused(string role)
    {
        Repository.ListsHashes = true;
        Repository.Update("targets", "snapshot", "timestamp");
        var bytes = Repository.Files[$"2.{role}.json"];
        Repository.Files[$"2.{role}.json"] = [.. bytes, (byte)' '];
        await _fixture.RefuseAsync(TufFailureCode.TooLong, role);
        Repository.Files[$"2.{role}.json"] = bytes[..^1];
        await _fixture.RefuseAsync(TufFailureCode.LengthMismatch, role);
        Repository.Files[$"2.{role}.json"] = bytes;
        await _fixture.AcceptAsync();
    }

    [Theory]
    [InlineData("2.root.json", "root", Limits.TufRootBytes)]
    [InlineData("timestamp.json", "timestamp", Limits.TufTimestampBytes)]
    [InlineData("1.snapshot.json", "snapshot", Limits.TufSnapshotBytes)]
    [InlineData("1.targets.json", "targets", Limits.TufTargetsBytes)]
    public async Task Endless_data_is_not_read_to_its_end(string name, string role, int limit)
    {
        Repository.Files[name] = new byte[limit + 1000];
        await _fixture.RefuseAsync(TufFailureCode.TooLong, role);
    }

    [Fact]
    public async Task A_listed_length_over_the_limit_is_refused_before_anything_is_asked_for()
    {
        Repository.Timestamp["meta"]!["snapshot.json"]!["length"] = Limits.TufSnapshotBytes + 1L;
        Repository.Publish("timestamp");
        await _fixture.RefuseAsync(TufFailureCode.TooLong, "snapshot");
        Assert.DoesNotContain("1.snapshot.json", Repository.Requests);
    }

    [Fact]
    public async Task A_snapshot_without_targets_is_refused()
    {
        Repository.Snapshot["meta"] = new JsonObject();
        Repository.Publish("snapshot", "timestamp");
        await _fixture.RefuseAsync(TufFailureCode.NotInSnapshot, "targets");
    }

    [Fact]
    public async Task Hashes_of_functions_unknown_here_are_no_hashes()
    {
        Repository.Timestamp["meta"]!["snapshot.json"]!["hashes"] = new JsonObject { ["md5"] = "00" };
        Repository.Publish("timestamp");
        var failure = await _fixture.RefuseAsync(TufFailureCode.UnsupportedHash, "snapshot");
        Assert.Equal("md5", failure.Actual);
    }

    [Fact]
    public async Task What_the_fetcher_throws_passes_through_and_harms_nothing()
    {
        await _fixture.AcceptAsync();
        Repository.Update("targets", "snapshot", "timestamp");
        foreach (var name in (string[])["2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"])
        {
            Repository.OnRequest = path =>
            {
                if (path == name)
                {
                    throw new HttpRequestException(name);
                }
            };
            Assert.Equal(name, (await Assert.ThrowsAsync<HttpRequestException>(() => _fixture.Client.UpdateAsync())).Message);
        }
        Repository.OnRequest = null;
        Assert.Equal((1, 2, 2, 2), Versions(await _fixture.AcceptAsync()));
    }

    [Fact]
    public async Task A_slow_repository_is_given_up_by_cancellation_and_the_lock_with_it()
    {
        using var cancellation = new CancellationTokenSource();
        Repository.OnRequest = path =>
        {
            if (path == "1.snapshot.json")
            {
                cancellation.Cancel();
            }
        };
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _fixture.Client.UpdateAsync(cancellation.Token));
        Repository.OnRequest = null;
        await _fixture.AcceptAsync();
    }

    [Fact]
    public void Every_changed_byte_of_each_role_is_refused_or_changes_nothing()
    {
        Assert.Null(TufRules.Root(Repository.InitialRoot, null, out var root));
        Flip(Repository.InitialRoot, b => TufRules.Root(b, null, out _));
        Flip(Repository.Files["timestamp.json"], b => TufRules.Timestamp(b, root!, out _));
        Flip(Repository.Files["1.snapshot.json"], b => TufRules.Snapshot(b, root!, out _));
        Flip(Repository.Files["1.targets.json"], b => TufRules.Targets(b, root!.Targets, out _));

        static void Flip(byte[] good, Func<byte[], TufFailure?> check)
        {
            Assert.Null(check(good));
            var canonical = TufFile.Parse(good, "root", Limits.TufRootBytes).Canonical;
            for (var i = 0; i < good.Length; i++)
            {
                var bad = (byte[])good.Clone();
                bad[i] ^= (byte)(1 << (i % 8));
                // Only the case of hex digits in a signature can change.
                Assert.True(
                    check(bad) is not null || TufFile.Parse(bad, "root", Limits.TufRootBytes).Canonical.AsSpan().SequenceEqual(canonical),
                    $"byte {i}"
                );
            }
        }
    }

    private static (long, long, long, long) Versions(TufTrust trust) =>
        (trust.Root.Header.Version, trust.Timestamp.Header.Version, trust.Snapshot.Header.Version, trust.Targets.Header.Version);
}

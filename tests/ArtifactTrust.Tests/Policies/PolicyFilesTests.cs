using System.Security.Cryptography;
using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Policies;

namespace ArtifactTrust.Tests.Policies;

/// <summary>Policies on disk, and the digest over them.</summary>
public sealed class PolicyFilesTests : IDisposable
{
    private const string Policy = """
        version: 1
        name: files
        identities:
          bob: { keys: [ { file: keys/bob.pub } ] }
          alice: { keys: [ { file: keys/alice.pub }, { file: Z.pub } ] }
        subjects:
          model: { kind: directory, signatures: { from: [alice, bob] } }
        """;

    private readonly string _root = Directory.CreateTempSubdirectory("artifact-trust-policy-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Write(string directory)
    {
        Directory.CreateDirectory(Path.Combine(_root, directory, "keys"));
        File.WriteAllText(Path.Combine(_root, directory, "keys", "alice.pub"), Given.Pem("alice"));
        File.WriteAllText(Path.Combine(_root, directory, "keys", "bob.pub"), Given.Pem("bob"));
        File.WriteAllText(Path.Combine(_root, directory, "Z.pub"), Given.Pem("carol"));
        var path = Path.Combine(_root, directory, "production.yaml");
        File.WriteAllText(path, Policy);
        return path;
    }

    [Fact]
    public void Key_files_are_found_beside_the_policy()
    {
        using var policy = TrustPolicy.Load(Write("p"));
        Assert.Equal(
            [Given.Fingerprint("bob"), Given.Fingerprint("alice"), Given.Fingerprint("carol")],
            policy.Keys.Select(k => k.Fingerprint)
        );
    }

    [Fact]
    public void The_digest_is_that_of_sha256sums_lines()
    {
        using var policy = TrustPolicy.Load(Write("p"));
        static string Line(string text, string name) =>
            $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))}  {name}\n";
        var lines =
            Line(Given.Pem("carol"), "Z.pub")
            + Line(Given.Pem("alice"), "keys/alice.pub")
            + Line(Given.Pem("bob"), "keys/bob.pub")
            + Line(Policy, "policy.yaml");
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines))), policy.Digest.Hex);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Policy))), policy.FileDigest.Hex);
    }

    [Fact]
    public void The_digest_changes_with_the_policy_and_with_each_key_file_and_with_nothing_else()
    {
        var path = Write("p");
        string Digest()
        {
            using var policy = TrustPolicy.Load(path);
            return policy.Digest.Hex;
        }
        var first = Digest();
        File.WriteAllText(Path.Combine(_root, "p", "README"), "not named by the policy");
        Assert.Equal(first, Digest());
        File.AppendAllText(path, "\n# a comment\n");
        var second = Digest();
        Assert.NotEqual(first, second);
        File.AppendAllText(Path.Combine(_root, "p", "keys", "bob.pub"), "\n");
        var third = Digest();
        Assert.NotEqual(second, third);
        File.WriteAllText(Path.Combine(_root, "p", "keys", "bob.pub"), Given.Pem("mallory"));
        Assert.NotEqual(third, Digest());
        using var copy = TrustPolicy.Load(Write("q"));
        Assert.Equal(first, copy.Digest.Hex);
    }

    [Fact]
    public void An_absent_policy_is_an_io_error_and_an_absent_key_file_a_fault_of_the_policy()
    {
        Assert.ThrowsAny<IOException>(() => TrustPolicy.Load(Path.Combine(_root, "none.yaml")));
        Assert.ThrowsAny<IOException>(() => TrustPolicy.Load(Path.Combine(_root, "none", "none.yaml")));
        Assert.ThrowsAny<IOException>(() => TrustPolicy.Load(_root));
        var path = Write("p");
        File.Delete(Path.Combine(_root, "p", "keys", "alice.pub"));
        Assert.Equal("line 5, column 28", Assert.Throws<MalformedDataException>(() => TrustPolicy.Load(path)).Location);
    }

    [Fact]
    public void A_policy_over_the_limit_is_refused_before_it_is_read()
    {
        var path = Write("p");
        using (var file = File.Open(path, FileMode.Open))
        {
            file.SetLength(5L << 30);
        }
        Assert.Contains("at most", Assert.Throws<MalformedDataException>(() => TrustPolicy.Load(path)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_on_the_way_to_a_key_file_is_refused()
    {
        var path = Write("p");
        File.WriteAllText(Path.Combine(_root, "mallory.pub"), Given.Pem("mallory"));
        var key = Path.Combine(_root, "p", "keys", "alice.pub");
        File.Delete(key);
        File.CreateSymbolicLink(key, Path.Combine(_root, "mallory.pub"));
        Assert.Contains(
            "cannot be read",
            Assert.Throws<MalformedDataException>(() => TrustPolicy.Load(path)).Reason,
            StringComparison.Ordinal
        );

        path = Write("q");
        Directory.Move(Path.Combine(_root, "q", "keys"), Path.Combine(_root, "elsewhere"));
        Directory.CreateSymbolicLink(Path.Combine(_root, "q", "keys"), Path.Combine(_root, "elsewhere"));
        Assert.Contains(
            "cannot be read",
            Assert.Throws<MalformedDataException>(() => TrustPolicy.Load(path)).Reason,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_link_that_leads_to_no_file_is_named_by_its_own_name()
    {
        // As /dev/stdin does, whose link leads to "pipe:[18855753]".
        var path = Path.Combine(_root, "policy.yaml");
        File.CreateSymbolicLink(path, "pipe:[18855753]");
        var e = Assert.Throws<IOException>(() => TrustPolicy.Load(path));
        Assert.StartsWith($"'{path}' leads to no file", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_mounted_from_a_config_map_is_read_from_one_version_of_it()
    {
        // As the kubelet lays it out: every name a link into ..data, itself a link to a dated directory.
        Write("mount/..2026_06_01_12_00");
        var mount = Path.Combine(_root, "mount");
        Directory.CreateSymbolicLink(Path.Combine(mount, "..data"), "..2026_06_01_12_00");
        File.CreateSymbolicLink(Path.Combine(mount, "production.yaml"), "..data/production.yaml");
        Directory.CreateSymbolicLink(Path.Combine(mount, "keys"), "..data/keys");
        File.CreateSymbolicLink(Path.Combine(mount, "Z.pub"), "..data/Z.pub");
        using var policy = TrustPolicy.Load(Path.Combine(mount, "production.yaml"));
        Assert.Equal(3, policy.Keys.Count());
    }
}

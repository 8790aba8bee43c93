using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;
using ArtifactTrust.Manifests;

namespace ArtifactTrust.Policies;

/// <summary>Reads the keys of a policy's identities, and owns them until the policy is whole.</summary>
internal sealed class KeyReader(Func<string, ReadOnlyMemory<byte>> readFile) : IDisposable
{
    private const int LongestName = 1024;

    private static readonly string[] IdentityKeys = ["keys"];
    private static readonly string[] KeyKeys = ["file", "pem", "rsaPadding", "notBefore", "notAfter"];
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<VerificationKey> _keys = [];
    private readonly Dictionary<Digest, YamlPlace> _places = [];
    private readonly Dictionary<string, ManifestEntry> _files = new(StringComparer.Ordinal);
    private bool _released;

    /// <summary>The files read.</summary>
    internal IReadOnlyCollection<ManifestEntry> Files => _files.Values;

    /// <summary>Leaves the keys to the policy.</summary>
    internal void Release() => _released = true;

    /// <summary>The keys of one identity.</summary>
    internal IReadOnlyList<PolicyKey> Read(YamlMember identity)
    {
        var what = $"identity '{identity.Key}'";
        var mapping = identity.Value.Mapping(what);
        mapping.CheckKeys(what, IdentityKeys);
        return [.. mapping.Required("keys", what).Sequence($"'keys' of {what}").Items.Select(ReadKey)];
    }

    private PolicyKey ReadKey(YamlValue value)
    {
        var mapping = value.Mapping("a key");
        mapping.CheckKeys("a key", KeyKeys);
        if (_keys.Count == Limits.PolicyKeys)
        {
            throw mapping.Malformed($"more than {Limits.PolicyKeys} keys");
        }
        var (file, pem) = (mapping["file"], mapping["pem"]);
        if ((file is null) == (pem is null))
        {
            throw mapping.Malformed("a key needs one of 'file' and 'pem'");
        }
        var (notBefore, notAfter) = (mapping["notBefore"]?.Scalar("notBefore").Time("notBefore"), mapping["notAfter"]);
        var end = notAfter?.Scalar("notAfter").Time("notAfter");
        if (notBefore >= end)
        {
            throw notAfter!.Malformed("notAfter is not later than notBefore: the key would never count");
        }
        var source = file ?? pem!;
        var name = file is null ? null : FileName(file.Scalar("file"));
        var key = Decode(name is null ? source.Scalar("pem").Lines("pem") : ReadFile(name, source), mapping, source);
        if (!_places.TryAdd(key.Fingerprint, source.Place))
        {
            throw source.Malformed($"the same key as at {_places[key.Fingerprint]}; a key belongs to one identity, once");
        }
        return new PolicyKey(key, notBefore, end, name);
    }

    private VerificationKey Decode(string pem, YamlMapping mapping, YamlValue source)
    {
        var padding = mapping["rsaPadding"]
            ?.Scalar("rsaPadding")
            .Word("rsaPadding", ("pkcs1", SignatureAlgorithm.RsaPkcs1), ("pss", SignatureAlgorithm.RsaPss));
        try
        {
            var key = VerificationKey.FromPem(pem, padding);
            _keys.Add(key);
            return key;
        }
        catch (MalformedDataException e)
        {
            throw source.Malformed($"not a public key that can be used: {e.Reason}", e);
        }
    }

    private string ReadFile(string name, YamlValue source)
    {
        try
        {
            var bytes = readFile(name).Span;
            StrictJson.CheckLength(bytes.Length, "key file", Limits.KeyFileBytes);
            _files[name] = new ManifestEntry(name, DigestAlgorithm.Sha256.Hash(bytes), bytes.Length);
            return Utf8.GetString(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw source.Malformed($"the key file '{name}' cannot be read: {e.Message}", e);
        }
        catch (MalformedDataException e)
        {
            throw source.Malformed($"the key file '{name}': {e.Reason}", e);
        }
        catch (DecoderFallbackException e)
        {
            throw source.Malformed($"the key file '{name}' is not text", e);
        }
    }

    // A policy with its keys is one tree that can be copied, mounted and hashed as it is; so nothing outside it can be named.
    private static string FileName(YamlScalar value)
    {
        var name = value.String("file");
        return
            name.Length > LongestName
            || name.Contains('\\', StringComparison.Ordinal)
            || name.Split('/').Any(p => p is "" or "." or "..")
            || name == TrustPolicy.OwnName
            ? throw value.Malformed(
                $"a key file is named by a path below the policy's own directory, with '/' between its parts and without '.' and '..', not '{(name.Length > 80 ? name[..80] + "…" : name)}'"
            )
            : name;
    }

    public void Dispose()
    {
        if (!_released)
        {
            foreach (var key in _keys)
            {
                key.Dispose();
            }
        }
    }
}

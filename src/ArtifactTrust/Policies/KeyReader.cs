using System.Text;
using ArtifactTrust.Formats;
using ArtifactTrust.Hashing;
using ArtifactTrust.Keys;

namespace ArtifactTrust.Policies;

/// <summary>Reads the keys of a policy's identities, and owns them until the policy is whole.</summary>
internal sealed class KeyReader(PolicyFiles files) : IDisposable
{
    private static readonly string[] KeyKeys = ["file", "pem", "rsaPadding", "notBefore", "notAfter"];
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<VerificationKey> _keys = [];
    private readonly Dictionary<Digest, YamlPlace> _places = [];
    private bool _released;

    /// <summary>Leaves the keys to the policy.</summary>
    internal void Release() => _released = true;

    /// <summary>One key of an identity.</summary>
    internal PolicyKey Read(YamlValue value)
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
        var name = file is null ? null : PolicyFiles.Name(file.Scalar("file"), "key file");
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
            return Utf8.GetString(files.Read(name, source, "key file", Limits.KeyFileBytes).Span);
        }
        catch (DecoderFallbackException e)
        {
            throw source.Malformed($"the key file '{name}' is not text", e);
        }
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
